"""The account while a close is decided: what it holds and what is on its way, added up once, then carried on. Pure.

Each signal meets the approvals before it. Adding them up anew for every one of fifty took a fifth of risk's time. Sums are
made in the order in which the state lists what they are of, so that they have every digit of the state's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from services.risk import margin
from services.risk.settings import RiskSettings
from services.risk.state import PendingIntent, RiskState
from shared.domain.intents import Check, Refusal

_ZERO: Final = Decimal(0)


class AccountSheet:
    """The account of ``state``, as stated or at mark prices, during one close. Amounts in USDT.

    figures: what the kill switch is judged by; None before the first statement. occupied: symbols in a position, in a
    trade of ours, or on their way into one. exposure: all that is held at mark, and what is on its way. held_margin,
    coming_margin: maintenance margin of what is held, and of what is on its way; None = that of one is not known.
    known: what the checks of the account alone have found (``gate.judge``).
    """

    def __init__(self, state: RiskState, settings: RiskSettings) -> None:
        self.account = state.account
        self.known: dict[Refusal, Check] = {}
        self.figures = state.figures(settings)
        self.held_margin = margin.held(state.account) if state.account is not None else None
        self._tiers = state.tiers
        self._at_rest = frozenset((*state.in_position, *state.open_trades))
        self._held: dict[str, Decimal] = {}
        self._held_exposure = _ZERO
        for each in state.account.positions if state.account is not None else ():
            worth = abs(each.quantity) * each.mark_price
            self._held[each.symbol] = self._held.get(each.symbol, _ZERO) + worth
            if each.quantity:
                self._held_exposure += worth
        self._begin()

    def follow(self, pending: Sequence[PendingIntent]) -> None:
        """Add the approvals that came since. pending: all of the state's; one that was taken away begins the sums anew."""
        if len(pending) < self._followed:
            self._begin()
        while self._followed < len(pending):
            self._add(pending[self._followed])
            self._followed += 1

    def notional(self, symbol: str) -> Decimal:
        """Return what the symbol holds at mark, and what is on its way."""
        return self._held.get(symbol, _ZERO) + self._coming.get(symbol, _ZERO)

    @property
    def exposure(self) -> Decimal:
        return self._held_exposure + self._coming_exposure

    def _begin(self) -> None:
        self._followed = 0
        self._coming: dict[str, Decimal] = {}
        self._coming_exposure = _ZERO
        self.coming_margin: Decimal | None = _ZERO
        self.occupied = set(self._at_rest)

    def _add(self, each: PendingIntent) -> None:
        symbol, notional, tiers = each.symbol, each.notional, self._tiers.get(each.symbol)
        self._coming[symbol] = self._coming.get(symbol, _ZERO) + notional
        self._coming_exposure += notional
        self.occupied.add(symbol)
        if tiers is None or self.coming_margin is None:
            self.coming_margin = None
        else:
            self.coming_margin += margin.maintenance(tiers, notional)


def sheets_of(state: RiskState, settings: RiskSettings) -> tuple[AccountSheet, ...]:
    """Add the account up for the signals of a close: as stated first, then at the newest mark prices if some came since."""
    accounts = (state,) if state.marked is None else (state, state.at_marks)
    return tuple([AccountSheet(each, settings) for each in accounts])
