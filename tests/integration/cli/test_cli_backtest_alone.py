"""``ict backtest``, ``report`` and ``runs`` start by themselves, and answer as part of the whole command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from shared.runtime.native import ROOT


def said(code: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that runs ``code`` with these arguments as ``ict`` has them."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[0] = 'ict'; {code}", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("backtest", "--help"), ("runs", "--help"), ("report",), ("backtest", "--dats"), ("runs", "show", "nowhere/at/all")],
    ids=" ".join,
)
def test_a_command_that_starts_alone_answers_as_the_whole_command_line_does(arguments: tuple[str, ...]) -> None:
    """BT-7: only the start is quicker."""
    alone = said("from cli.entry import main; main()", *arguments)
    assert alone == said("from cli.main import app; app()", *arguments)


def test_a_backtest_starts_without_the_other_commands() -> None:
    """BT-7."""
    code = (
        "import cli.entry; code = cli.entry._run(['backtest', '--help']); "
        "assert 'cli.main' not in sys.modules; import rich; sys.exit(code)"
    )
    found = said(code, "backtest", "--help")
    assert found[0] == 0, found[2]
