"""A process as a terminal has it: both outputs in one pipe, signals, and the code that it ends with."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.support.processes.fleet import ICT


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start ``ict`` in a folder; the caller ends it."""
    return subprocess.Popen(
        [*ICT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        preexec_fn=ctrl_c_works,
    )


def ctrl_c_works() -> None:
    """Undo what a shell does to commands in the background: they inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """The next line of the output that has the text; the test's time limit bounds the wait."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        if text in line:
            return line
        seen.append(line)
    raise AssertionError(f"it ended without {text!r}: {''.join(seen)}")


def end_of(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send the signal and wait for the end; the exit code and what was still said."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output
