"""Exit codes of every command and service; scripts and supervisors may rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. Those above 5 follow BSD's sysexits and shells."""

    OK = 0  # done
    NEGATIVE = 1  # it worked, and the answer is no: a check failed, a file was refused
    USAGE = 2  # wrong command, option or argument
    CONFIG_INVALID = 3  # the configuration has errors; nothing was started
    UNREACHABLE = 4  # a broker, store or exchange does not answer, or an optional package is not installed
    REFUSED = 5  # it could be done, and is refused for safety
    CRASHED = 70  # an unhandled exception: a bug, or a fault that only a restart can cure
    INTERRUPTED = 130  # Ctrl-C before there was anything to drain


class Leave(Exception):
    """Raised inside a process to end it with a code and a sentence for the user, without a traceback."""

    def __init__(self, code: Exit, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
