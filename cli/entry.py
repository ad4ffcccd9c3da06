"""The console script. ``ict health`` and ``ict run guardian`` begin here without loading the command line, everything else
by ``cli.main``: the first is asked every few seconds, the second has to stay small.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from typing import Final, NoReturn

from shared.runtime.process.exits import Exit, Leave

#: The disk is full, or gone: no bug of ours.
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main() -> NoReturn:
    """Run the command that was typed and leave with one of the codes of ``Exit``, never with a traceback."""
    accept_any_text()
    try:
        code = _run(sys.argv[1:])
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Leave as leave:
        print(leave.reason, file=sys.stderr)
        code = leave.code
    except BrokenPipeError:  # `ict ... | head -1`: the reader has what it wanted
        code = Exit.NEGATIVE
        _discard_stdout()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            code = _crash(error)
        else:
            print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
            code = Exit.NEGATIVE
            _discard_stdout()
    except Exception as error:  # noqa: BLE001  whatever it is, the user gets a sentence and we get a report
        code = _crash(error)
    sys.exit(code)


def accept_any_text() -> None:
    """Print what the terminal's encoding lacks as an escape: a name of a file need not be text, a terminal may be ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by whoever started us
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # the interpreter's own streams have it


def _crash(error: Exception) -> Exit:
    from cli.run.crash import report

    print(report(error, sys.argv[1:]), file=sys.stderr)
    return Exit.CRASHED


def _run(arguments: list[str]) -> int | str | None:
    """Run the command; returns its exit code as ``sys.exit`` takes it."""
    try:
        match arguments:
            case ["health"]:
                from cli.run.health import ask_health

                ask_health()
            case ["health", url] if not url.startswith("-"):
                from cli.run.health import ask_health

                ask_health(url)
            case ["run", "guardian", *rest]:
                from cli.run.plain_options import config_files

                if (files := config_files(rest)) is not None:
                    # structlog would load it for the tracebacks of a terminal: 3 MB of the 80 that the guardian may have.
                    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that there is none
                    from cli.run.guardian import run_guardian

                    run_guardian(files)
            case ["backtest" | "report" | "runs", *_]:  # it starts without making the sixty other commands
                # Hardly anything of what is loaded goes again: to look for garbage meanwhile is a twelfth of the start.
                gc.set_threshold(50_000, *gc.get_threshold()[1:])
                _load_structlog_without_rich()
                from cli.backtest.commands import app as of_backtests

                of_backtests()
        from cli.main import app

        app()
    except SystemExit as leaving:
        return leaving.code
    return Exit.OK


def _load_structlog_without_rich() -> None:
    """Spare structlog what it would load for tracebacks on a terminal: a backtest logs none."""
    if "structlog" not in sys.modules and "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that there is none
        import structlog  # noqa: F401

        del sys.modules["rich"]


def _discard_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not fail once more when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
