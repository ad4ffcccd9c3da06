"""Equity over time: the start of the day, the peak, transfers, and changes that nobody can explain (RISK-3, security C4).

Transfers are no results. In USDT they are taken off; as fractions the bases move in proportion, so that a withdrawal makes
no loss larger: who has lost 2 % and withdraws half has lost 2 %.

A change of equity is explained by results of trades, unrealised profit and transfers. What is left beyond the limit is
*suspect*: neither a result nor a transfer. Until a transfer explains it or a person re-arms, no loss is judged by it and
the peak stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from services.risk.growth import GrowthRecord
from services.risk.kill_switch import Loss
from services.risk.marking import unrealized
from shared.domain.account import AccountStatement, Trade, Transfer

_ZERO: Final = Decimal(0)
#: A statement within this time of midnight is the start of the day, ms. A later one can hide no loss: it may only raise it.
DAY_BEGINS_WITHIN_MS: Final = 60_000


class EquityBook(msgspec.Struct, kw_only=True):
    """Amounts in USDT, times in ms of the statements. None = nothing was stated yet.

    equity: as last stated, ``at``. trusted: as last stated without a suspect. day_start: corrected by the transfers since;
    day_base: what the day's loss is a fraction of; day_at: as of when; settled: a statement of the day itself said so.
    suspect: change of equity that is not explained, since ``suspect_at``. results, unrealized: of open trades and of
    positions, as last stated. growth: the account's index over time, for the KPIs.
    """

    equity: Decimal | None = None
    at: int = -1
    trusted: Decimal = _ZERO
    day_start: Decimal = _ZERO
    day_base: Decimal = _ZERO
    day_at: int = -1
    settled: bool = False
    peak: Decimal = _ZERO
    peak_at: int = -1
    suspect: Decimal = _ZERO
    suspect_at: int = -1
    results: dict[str, Decimal] = msgspec.field(default_factory=dict)
    unrealized: Decimal = _ZERO
    growth: GrowthRecord = msgspec.field(default_factory=GrowthRecord)

    @property
    def day(self) -> Loss:
        """The loss of the UTC day."""
        return Loss(self.day_base, self.day_base - (self.equity or _ZERO))

    @property
    def drawdown(self) -> Loss:
        """The loss from the peak."""
        return Loss(self.peak, self.peak - (self.equity or _ZERO))

    @property
    def explained_drawdown(self) -> Loss:
        """The loss from the peak if what is suspect were a transfer: what is left loses no larger part by it."""
        if self.trusted <= 0:
            return Loss(_ZERO, _ZERO)
        peak = self.peak * (self.trusted + self.suspect) / self.trusted
        return Loss(peak, peak - (self.equity or _ZERO))

    @property
    def jump(self) -> Decimal:
        """What is suspect, as a fraction of the equity before it; 1 without one."""
        if not self.suspect:
            return _ZERO
        return self.suspect / self.trusted if self.trusted > 0 else Decimal(1)

    def begin_day(self, midnight: int) -> None:
        """A UTC day began at ``midnight``. Until a statement of the day comes, the last one stands for its start."""
        self.settled = False
        if self.equity is not None:
            self._start(self.equity, self.at)
            self.settled = self.at >= midnight

    def take(self, stated: AccountStatement, midnight: int, max_jump: Decimal) -> None:
        """Take a statement that is newer than the last. midnight: when the present UTC day began, ms."""
        equity, before = stated.account.equity, self.equity
        explained = self._explained(stated)
        if before is None:
            self.trusted = equity
            self.equity, self.at = equity, stated.time
            self._start(equity, stated.time)
            self.settled = True
        else:
            self._follow(stated, before, explained, max_jump)
            self._settle(equity, stated.time, midnight)
        if not self.suspect:
            self.trusted = equity
            if equity > self.peak:
                self.peak, self.peak_at = equity, stated.time
            self.growth.take(equity, stated.time)

    def accept(self) -> None:
        """A person has looked at what was suspect: it counts as a transfer."""
        if self.suspect:
            self._move(self.suspect, self.trusted, self.suspect_at, self.suspect_at)
            self.suspect, self.trusted = _ZERO, self.equity or _ZERO

    def forget_peak(self) -> None:
        """A person re-armed after the drawdown's limit: the peak begins anew."""
        self.peak, self.peak_at = self.equity or _ZERO, self.at

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self, equity: Decimal, time: int) -> None:
        self.day_start = self.day_base = equity
        self.day_at = time

    def _settle(self, equity: Decimal, time: int, midnight: int) -> None:
        """Let the first statement of the day be its start; one of the day before is only nearer to it."""
        if self.settled:
            return
        if time < midnight:
            self._start(equity, time)
            return
        self.settled = True
        if time <= midnight + DAY_BEGINS_WITHIN_MS or equity > self.day_base:
            self._start(equity, time)

    def _follow(self, stated: AccountStatement, before: Decimal, explained: Decimal, max_jump: Decimal) -> None:
        equity, moved = stated.account.equity, _ZERO
        late = [each for each in stated.transfers if each.time <= self.at]
        for each in stated.transfers:
            if each.time > self.at:
                self._move(each.amount, before + moved, each.time, each.time)
                moved += each.amount
        change = equity - before - moved
        # a position of others that is closed changes no equity, and one of ours that is learned late was explained before
        jump = min(change, change - explained, key=abs)
        if abs(jump) > max_jump * max(before, _ZERO):
            self.suspect_at = stated.time if not self.suspect else self.suspect_at
            self.suspect += jump
        self.trusted += moved
        self._explain(late, before, max_jump)
        self.equity, self.at = equity, stated.time

    def _explain(self, late: Iterable[Transfer], before: Decimal, max_jump: Decimal) -> None:
        """Transfers that a statement before this one showed already: they may be what was suspect."""
        for each in late:
            if self.suspect:
                self._move(each.amount, self.trusted, min(each.time, self.suspect_at), self.suspect_at)
                self.suspect -= each.amount
                self.trusted += each.amount
            else:
                self._move(each.amount, before - each.amount, each.time, each.time)
        if abs(self.suspect) <= max_jump * max(self.trusted, _ZERO):
            self.suspect = _ZERO

    def _move(self, amount: Decimal, equity: Decimal, time: int, shown_at: int) -> None:
        """Correct start and peak by a transfer of ``amount`` on top of ``equity``, unless they were stated after it.

        shown_at: since when statements show it; those that are suspect are not in ``growth``.
        """
        self.growth.move(amount, equity, shown_at)
        after = equity + amount
        if self.day_at < time:
            self.day_start += amount
            self.day_base = self.day_base * after / equity if equity > 0 else after
        if self.peak_at < time:
            self.peak = self.peak * after / equity if equity > 0 else after

    def _explained(self, stated: AccountStatement) -> Decimal:
        """What results of trades and unrealised profit changed since the last statement, USDT."""
        trades: tuple[Trade, ...] = (*stated.open_trades, *stated.closed_trades)
        results = sum((each.result - self.results.get(each.intent_id, _ZERO) for each in trades), _ZERO)
        won = unrealized(stated.account.positions)
        gained = won - self.unrealized
        self.results = {each.intent_id: each.result for each in stated.open_trades}
        self.unrealized = won
        return results + gained
