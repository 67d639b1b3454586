# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a test notice when the check of a decision is a little wrong?  Each mutant is one small change of the code.

    python -m ansible_collections.aiops.kubernetes.tests.tools.mutation [--jobs N] [--only FUNCTION]

A mutant survives when every test passes with it. The changed code lives in memory only: this file is also a plugin of pytest
that compiles one function's module with the change that the environment names.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import copy
import importlib.machinery
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

ROOT: t.Final = Path(__file__).resolve().parents[2]
_CODE: t.Final = "plugins/module_utils"
_MUTANT: t.Final = "AIOPS_MUTANT"
# The functions that say whether a change may be done, by file.
CHECKS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "_model/rules.py": ("looser_than", "covers", "climbed"),
    "_model/policy.py": ("classify", "_judge", "_row", "covers"),
    "_model/people.py": ("who", "unfilled", "place"),
    "_model/record.py": ("approvals", "broken_glass", "missing", "until", "state", "_decider", "_unfilled", "rollback_approved"),
    "_usecases/risk.py": ("require_still_enough", "_just_before"),
    "_usecases/apply.py": ("_require_decision", "_require_same_cluster"),
    "_usecases/decide.py": ("_require_weight", "_require_state", "_justified"),
    "_usecases/roll_back.py": ("_needs_decision", "_require_decision"),
}  # fmt: skip
# The test that looks at a file itself kills most of its mutants, and is asked first; those with real keys and git come last.
_NEAREST: t.Final = {"people": "record", "risk": "rules"}
_TESTS: t.Final = ("rules", "record", "policy", "decide", "roll_back", "apply", "machine")
_SLOW_TESTS: t.Final = ("signing", "awx", "audit")
_TELL_EACH: t.Final = 25
_COMPARISONS: t.Final[t.Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip


def variants(node: ast.AST) -> t.Iterator[tuple[str, ast.AST]]:
    """The small changes of one node."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in _COMPARISONS.get(type(operator), ()):
                changed = copy.deepcopy(node)
                changed.ops[index] = other()
                yield f"{type(operator).__name__} -> {other.__name__}", changed
    elif isinstance(node, ast.BoolOp):
        changed_op = copy.deepcopy(node)
        changed_op.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield f"{type(node.op).__name__} -> {type(changed_op.op).__name__}", changed_op
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            yield f"without part {index + 1}", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", node.operand
    elif isinstance(node, ast.IfExp):
        yield "always", node.body
        yield "never", node.orelse
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", ast.Constant(not node.value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield (
            "plus -> minus",
            ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right),
        )


def mutants(source: str, functions: t.Collection[str]) -> list[tuple[str, ast.Module]]:
    """Every mutant of these functions, with a name, always in the same order."""
    tree = ast.parse(source)
    found: list[tuple[str, ast.Module]] = []
    wanted = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in functions]
    seen: set[int] = set()
    for function in wanted:
        for node in ast.walk(function):
            if id(node) in seen:
                continue
            seen.add(id(node))
            for what, changed in variants(node):
                where = getattr(node, "lineno", function.lineno)
                found.append((f"{function.name}, line {where}: {what}", _replaced(tree, node, changed)))
    return found


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> t.Any:
        return self._new if node is self._old else self.generic_visit(node)


def _replaced(tree: ast.Module, old: ast.AST, new: ast.AST) -> ast.Module:
    """A copy of the tree with one node put in the place of another."""
    memo: dict[int, t.Any] = {}
    copied = copy.deepcopy(tree, memo)
    changed = t.cast("ast.Module", _Replacing(memo[id(old)], copy.deepcopy(new)).visit(copied))
    return ast.fix_missing_locations(changed)


def _put_in() -> None:
    """As a plugin of pytest, before it imports anything of ours: compile the file that the environment names with its mutant."""
    file, _space, number = os.environ[_MUTANT].partition(" ")
    path = ROOT / _CODE / file
    _name, tree = mutants(path.read_text(encoding="utf-8"), CHECKS[file])[int(number)]
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> t.Any:
        if Path(self.path).resolve() == path:
            return compile(tree, self.path, "exec")
        return original(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]  # only in this process


def survives(file: str, number: int) -> bool:
    name = Path(file).stem
    nearest = _NEAREST.get(name, name)
    quick = [f"loop/test_{each}.py" for each in (nearest, *(each for each in _TESTS if each != nearest))]
    slow = [f"records/test_{each}.py" for each in _SLOW_TESTS]
    return all(_pass(file, number, tests) for tests in (quick[:1], quick[1:], slow))


def _pass(file: str, number: int, tests: t.Sequence[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += [
        *(f"tests/unit/{test}" for test in tests),
        "-p",
        "ansible_collections.aiops.kubernetes.tests.tools.mutation",
    ]
    environment = {**os.environ, _MUTANT: f"{file} {number}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode not in {0, 1}:
        raise AssertionError(f"{file} {number}: pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if _MUTANT in os.environ:
    _put_in()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", help="the mutants of one function")
    given = parser.parse_args()
    every = [
        (file, number, name)
        for file, functions in CHECKS.items()
        for number, (name, _tree) in enumerate(mutants((ROOT / _CODE / file).read_text(encoding="utf-8"), functions))
        if not given.only or name.startswith(f"{given.only},")
    ]
    left, began = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as threads:
        answers = threads.map(lambda each: survives(each[0], each[1]), every)
        for number, ((file, _number, name), lives) in enumerate(zip(every, answers, strict=True), 1):
            left += lives
            if lives:
                print(f"survived: {file}: {name}", flush=True)
            if number % _TELL_EACH == 0 or number == len(every):
                rate = (time.monotonic() - began) / number
                print(f"{number} of {len(every)} mutants, {left} survived, {rate:.1f} s each", flush=True)
    sys.exit(left > 0)


if __name__ == "__main__":
    main()
