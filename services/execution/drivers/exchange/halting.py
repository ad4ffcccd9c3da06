"""Stops entries for what only a person can mend, and says so: to the core, to risk, to the reader (EXEC-6).

A ban of the exchange (418) ends by itself: entries are closed until then, and people are paged. So are they when somebody
forges the counts that processes share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from services.execution.alerts import alert
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.state import Halt
from shared.domain.bounds import REASON_LENGTH, TEXT_LENGTH, shorten
from shared.domain.control import Control
from shared.domain.timezones import shown
from shared.exchange.errors import ExchangeError
from shared.exchange.limits.news import LimitsNews

log = structlog.get_logger(__name__)

#: A ban is told again when it ends so much later than it was said to, ms.
_LATER_MS: Final = 5_000
#: Forged counts are told again after so long, ms.
_AGAIN_MS: Final = 600_000
_MINUTE_MS: Final = 60_000
#: Who sends the commands of this module.
BY: Final = "execution"


class Halting:
    """Follows the core's halt: whoever stops entries, risk hears of it, and so does ``/readyz``.

    banned: called with the end of a ban (UTC ms) and a sentence; closes every symbol to entries until then.
    """

    def __init__(self, loop: MoneyLoop, readiness: Readiness, banned: Callable[[int, str], None]) -> None:
        self._loop = loop
        self._readiness = readiness
        self._banned = banned
        self._banned_until = 0
        self._forged_at: int | None = None
        self._known: Halt | None = None
        self._paged: set[int] = set()

    def begin(self) -> None:
        """Take a halt from before a restart as known."""
        self._known = self._loop.core.state.halted
        self._readiness.halted(self._known.why if self._known is not None else "")

    def look(self, *, commanded: bool = False) -> None:
        """Tell a new halt, and the end of a ban; called after every input. commanded: risk knows of it already."""
        self._look_at_ban()
        halted = self._loop.core.state.halted
        if halted == self._known:
            return
        self._known = halted
        if halted is None:
            self._paged.clear()
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
        """Stop entries until a person re-arms, and alert: also where they are halted already, for another reason."""
        now, halted = self._loop.now(), self._loop.core.state.halted
        if halted is not None:
            if code and code != halted.code and code not in self._paged:
                self._paged.add(code)
                text = f"{why}; entries were halted before ({halted.why}). Mend it: stops may be refused too"
                self._loop.tell(alert("critical", f"halt.{code}", shorten(text, TEXT_LENGTH), now))
            return
        self._paged.add(code)
        self._loop.feed(Control(id=f"{BY}-{code}-{now}", command="halt", by=BY, reason=shorten(why, REASON_LENGTH)))
        text = f"entries are halted: {why}; what is held stays protected. Mend it, then `ict rearm`"
        self._loop.tell(alert("critical", f"halt.{code}", text, now))

    def limits_news(self, news: LimitsNews) -> None:
        """Take news of the rate limits: a ban closes entries until it is over; what is odd is told."""
        now = self._loop.now()
        if news.event == "banned":
            self._ban(news.until, now)
        elif news.event == "odd_limits":
            text = (
                f"the exchange states rate limits that are not believed ({news.text}); those known before hold. Look "
                "whether exchange.rest_url is the exchange, and report it with the log"
            )
            self._loop.tell(alert("warning", "limits.odd", text, now))
        elif self._forged_at is None or now - self._forged_at >= _AGAIN_MS:
            self._forged_at = now
            text = (
                f"the shared counts of the rate limits were not written by us ({news.text}) and are replaced; stops never "
                "waited for them. Find out who else can write to the store, and change its password"
            )
            self._loop.tell(alert("critical", f"limits.forged.{now}", text, now))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ban(self, until: int, now: int) -> None:
        if until <= self._banned_until + _LATER_MS:
            return  # several requests met the same ban
        self._banned_until = until
        minutes = max(1, -(-(until - now) // _MINUTE_MS))
        why = (
            f"the exchange has banned this machine's address until {shown(until, 'UTC')} ({minutes} min), because too many "
            "requests came from it"
        )
        log.error("banned", until=until)
        self._readiness.banned(why)
        text = (
            f"{why}: nothing is sent until then, no stop either; stops that stand at the exchange stay there. Find the "
            "program on this address that sends so many requests, and end it. Entries go on by themselves after the ban"
        )
        self._loop.tell(alert("critical", f"ban.{until}", text, now))
        self._banned(until, why)

    def _look_at_ban(self) -> None:
        now = self._loop.now() if self._banned_until else 0
        if now < self._banned_until or not self._banned_until:
            return
        self._banned_until = 0
        self._readiness.banned("")
        self._loop.tell(alert("info", f"ban_over.{now}", "the exchange's ban is over; entries go on", now))
