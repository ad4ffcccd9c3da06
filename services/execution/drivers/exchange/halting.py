"""Stops entries for what only a person can mend, and says so: to the core, to risk, to the reader (EXEC-6)."""

from __future__ import annotations

from typing import Final

import structlog

from services.execution.alerts import alert
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.state import Halt
from shared.domain.bounds import REASON_LENGTH, shorten
from shared.domain.control import Control
from shared.exchange.errors import ExchangeError

log = structlog.get_logger(__name__)

#: Who sends the commands of this module.
BY: Final = "execution"


class Halting:
    """Follows the core's halt: whoever stops entries, risk hears of it, and so does ``/readyz``."""

    def __init__(self, loop: MoneyLoop, readiness: Readiness) -> None:
        self._loop = loop
        self._readiness = readiness
        self._known: Halt | None = None

    def begin(self) -> None:
        """Take a halt from before a restart as known."""
        self._known = self._loop.core.state.halted
        self._readiness.halted(self._known.why if self._known is not None else "")

    def look(self, *, commanded: bool = False) -> None:
        """Tell a new halt; called after every input. commanded: risk knows of it already."""
        halted = self._loop.core.state.halted
        if halted == self._known:
            return
        self._known = halted
        self._readiness.halted(halted.why if halted is not None else "")
        if halted is not None:
            log.error("entries_halted", code=halted.code, why=halted.why)
            if commanded:
                return
            reason = shorten(halted.why, REASON_LENGTH)
            self._loop.tell(Control(id=halted.announced_as, command="halt", by=BY, reason=reason))

    def failed(self, error: ExchangeError) -> None:
        """Hear of an error of the exchange; one that a person must mend stops entries."""
        if error.action == "halt":
            self.halt(f"{error.sentence} ({error.code} {error.message})", error.code)

    def halt(self, why: str, code: int = 0) -> None:
        """Stop entries until a person re-arms, and alert."""
        if self._loop.core.state.halted is not None:
            return
        now = self._loop.now()
        self._loop.feed(Control(id=f"{BY}-{code}-{now}", command="halt", by=BY, reason=shorten(why, REASON_LENGTH)))
        text = f"entries are halted: {why}; what is held stays protected. Mend it, then `ict rearm`"
        self._loop.tell(alert("critical", f"halt.{code}", text, now))
