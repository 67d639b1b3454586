# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command at a terminal of its own and answer the first plan that it shows, as a person would.

    python -m ansible_collections.aiops.kubernetes.tests.loop.answer --answer 'APPROVE {code}' --because '…' -- ansible-playbook …

It prints what the terminal showed and ends with the status of the command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.loop.terminal import ENTER, Terminal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answer", required=True, help="what to type at the question; {code} is what it asks for")
    parser.add_argument("--because", help="the justification; without it none is asked for")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    terminal = Terminal(given.command, Path.cwd())
    code = terminal.question()
    terminal.type(given.answer.replace("{code}", code) + ENTER)
    if given.because is not None:
        terminal.reason()
        terminal.type(given.because + ENTER)
    ran = terminal.end()
    print(ran.output)
    sys.exit(ran.status)


if __name__ == "__main__":
    main()
