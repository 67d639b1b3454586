# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner counts what its commands say, and never takes silence for success."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.tools.runner import (
    Count,
    Runner,
    beside,
    count_importer,
    count_junit,
    count_one,
    count_sanity,
    start,
    wait,
)

SANITY = 'Running sanity test "compile"\nRunning sanity test "pep8"\nRunning sanity test "pylint"\n'
JUNIT = '<testsuites><testsuite><testcase name="a"/><testcase name="b">{}</testcase></testsuite></testsuites>'


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(root=tmp_path, logs=tmp_path, environment=os.environ)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_count_is_plain() -> None:
    assert str(Count(3, 1) + Count(passed=1)) == "4 passed, 1 failed"


def test_one_command_is_one_test(runner: Runner) -> None:
    assert runner.check("good", *python("pass"))
    assert not runner.check("bad", *python("raise SystemExit(3)"))
    assert runner.count == Count(1, 1)


def test_a_failing_check_shows_its_output(runner: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    runner.check("room/bad", *python("print('what went wrong'); raise SystemExit(1)"))
    shown = capsys.readouterr().out
    assert "FAIL room/bad" in shown
    assert "what went wrong" in shown
    assert "room-bad.log" in shown


def test_a_failing_check_names_what_failed_however_much_comes_after(
    runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.check("bad", *python("print('FAILED the third'); print('ok\\n' * 500); raise SystemExit(1)"))
    assert "     | FAILED the third" in capsys.readouterr().out
    runner.check("mute", *python("raise SystemExit(1)"))
    runner.fail("never", "no cluster")
    named, mute, never = runner.failures
    assert named == "FAIL bad: FAILED the third"
    assert mute.startswith("FAIL mute: 0 passed, 1 failed in ")
    assert never == "FAIL never: no cluster"


def test_a_status_beats_a_clean_count(runner: Runner) -> None:
    assert not runner.check("odd", *python("raise SystemExit(1)"), counter=lambda _status, _output: Count(passed=5))
    assert runner.count == Count(5, 1)


@pytest.mark.parametrize(
    ("inner", "status", "expected"),
    [
        ("", 0, Count(2, 0)),
        ("<failure/>", 1, Count(1, 1)),
        ("<error/>", 1, Count(1, 1)),
        ("<skipped/>", 0, Count(1, 1)),
    ],
)
def test_junit(tmp_path: Path, inner: str, status: int, expected: Count) -> None:
    (tmp_path / "report.xml").write_text(JUNIT.format(inner))
    assert count_junit(tmp_path / "report.xml")(status, "") == expected


def test_no_report_is_a_failure(tmp_path: Path) -> None:
    assert count_junit(tmp_path / "report.xml")(0, "") == Count(0, 1)


@pytest.mark.parametrize(
    ("output", "status", "expected"),
    [
        (SANITY, 0, Count(3, 0)),
        (SANITY + "FATAL: The 2 sanity test(s) listed below (out of 3) failed.\n", 1, Count(1, 2)),
        (SANITY, 1, Count(2, 1)),
        ("", 0, Count(0, 1)),
    ],
)
def test_sanity(output: str, status: int, expected: Count) -> None:
    assert count_sanity(status, output) == expected


@pytest.mark.parametrize(
    ("output", "status", "expected"),
    [
        ("Importing\nImporter processing completed successfully\n", 0, Count(1, 0)),
        ("Importing\nERROR: Error running ansible-doc\n", 0, Count(0, 1)),
        ("Importing\n", 1, Count(0, 1)),
    ],
)
def test_importer(output: str, status: int, expected: Count) -> None:
    assert count_importer(status, output) == expected


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    with start(python("import time; time.sleep(60)"), tmp_path, os.environ, tmp_path / "log") as process:
        assert count_one(wait(process, limit=0.2), "") == Count(failed=1)
    assert process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 30


def test_a_run_that_is_given_up_ends_what_runs_beside_it_and_begins_no_more(runner: Runner) -> None:
    def jobs() -> None:
        runner.check("long", *python("import time; print('runs', flush=True); time.sleep(60)"))
        runner.check("next", *python("import time; time.sleep(60)"))

    def interrupted() -> None:
        with beside(runner, jobs):
            while not (runner.logs / "long.log").exists() or not (runner.logs / "long.log").read_text():
                time.sleep(0.02)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 20
    assert runner.count == Count(failed=2)


def slow(runner: Runner) -> None:
    runner.check("slow", *python("import time; time.sleep(1)"))


def test_a_run_waits_for_what_runs_beside_it(runner: Runner) -> None:
    with beside(runner, lambda: slow(runner)):
        runner.check("quick", *python("pass"))
    assert runner.count == Count(passed=2)
