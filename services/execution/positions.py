"""Positions by symbol and leg: what the exchange states, and what others than we hold there (EXEC-4).

A position is explained when what our trades hold and what others hold add up to what the exchange states. Order news and
statements reach us apart, so that the two may differ for a moment; what still differs after that is asked about, and
then the exchange's statement counts, never the other way round for an order that the exchange itself called filled.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.order_words import PositionSide
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.user_events import PositionChange

_ZERO: Final = Decimal(0)


class LegPosition(msgspec.Struct, kw_only=True):
    """One leg of one symbol. Quantities in base currency, signed: positive = long. Prices in USDT; 0 = unknown.

    foreign: what others hold there. stated: as the exchange stated it last, as of ``stated_at`` (asked for then, or the
    time of the event). last_fill_at: time of the last fill known. apart_since: since when the two sides differ, ms of
    ``now``, 0 = they agree; apart_statements: statements since then, asked for after the last fill, that differ in the
    same way. asked_at: when executions were last asked for; answered_at: when those were asked for that came. changed_at:
    its last change, as the exchange states it. accounted_until: what was filled until then is in what is known, whether its
    news came or not (exchange).
    """

    symbol: str
    leg: PositionSide = "BOTH"
    foreign: Decimal = _ZERO
    stated: Decimal = _ZERO
    stated_at: int = 0
    entry: Decimal = _ZERO
    mark: Decimal = _ZERO
    unrealized: Decimal = _ZERO
    liquidation: Decimal = _ZERO
    last_fill_at: int = 0
    apart_since: int = 0
    apart_by: Decimal = _ZERO
    apart_statements: int = 0
    asked_at: int = 0
    answered_at: int = 0
    changed_at: int = 0
    accounted_until: int = 0

    @property
    def key(self) -> str:
        """Its key in the state."""
        return f"{self.symbol}:{self.leg}"

    @property
    def foreign_in_leg(self) -> Decimal:
        """What others hold there, as far as the leg can: LONG and SHORT hold one side only.

        ``foreign`` is of the other side while a closing of theirs is known, and its opening is not.
        """
        possible = self.leg == "BOTH" or (self.foreign > 0) == (self.leg == "LONG")
        return self.foreign if possible else _ZERO

    def state(self, stated: PositionRisk | None, asked_at: int) -> None:
        """Apply a statement; None = it names no such leg, which is flat. One older than what is known changes nothing."""
        if asked_at < self.stated_at and (stated is None or stated.updated_at < self.stated_at):
            return
        self.stated_at = max(self.stated_at, asked_at)
        self.stated = stated.quantity if stated is not None else _ZERO
        self.entry = stated.entry if stated is not None else _ZERO
        self.mark = stated.mark if stated is not None else self.mark
        self.unrealized = stated.unrealized if stated is not None else _ZERO
        self.liquidation = stated.liquidation if stated is not None else _ZERO
        self.changed_at = stated.updated_at if stated is not None else self.changed_at

    def change(self, stated: PositionChange, time: int) -> None:
        """Apply an event of the user stream (``time``: ms of the exchange)."""
        if time < self.stated_at:
            return
        self.stated_at = time
        self.stated, self.entry, self.unrealized = stated.quantity, stated.entry, stated.unrealized

    def take(self, signed: Decimal) -> Decimal:
        """Book a trade of others (signed, base currency) against what others hold; returns what is left of it."""
        against = min(abs(signed), abs(self.foreign)) if signed * self.foreign < 0 else _ZERO
        part = against if signed > 0 else -against
        self.foreign += part
        return signed - part

    def compare(self, own: Decimal, now: int, *, statement_asked_at: int = 0) -> bool:
        """Note whether ``ours`` (signed) and what others hold explain what is stated; True if they do.

        statement_asked_at: of the statement that was just applied; 0 = there was none.
        """
        apart = self.stated - self.foreign - own
        if apart == 0:
            self.apart_since, self.apart_by, self.apart_statements = 0, _ZERO, 0
            return True
        if apart != self.apart_by or not self.apart_since:
            self.apart_since, self.apart_by, self.apart_statements = now, apart, 0
        if statement_asked_at > self.last_fill_at and statement_asked_at >= self.apart_since:
            self.apart_statements += 1
        return False
