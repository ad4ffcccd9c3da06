"""What risk knows of the account and of the day: one struct, so that a restart forgets nothing (RISK-3)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from services.risk import results
from services.risk.barrier import PartitionState
from services.risk.equity import EquityBook
from services.risk.kill_switch import Figures, loss_event
from services.risk.marking import at_marks
from services.risk.results import EndedTrade
from services.risk.settings import RiskSettings
from shared.approval.commands import CommandMemory
from shared.domain.account import AccountState, AccountStatement, EntryCap, KillSwitch, MarginTier, NextFunding
from shared.domain.control import MarkPrice
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, RiskOrder
from shared.domain.listing import Closure, InstrumentList
from shared.domain.timeframes import DAY, MINUTE


class PendingIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that no statement of the account has shown yet.

    id: of the intent. until: UTC ms; a later question shows what became of it. notional: USDT, at its worst price.
    """

    id: str
    symbol: str
    until: int
    notional: Decimal


class RiskState(msgspec.Struct, kw_only=True):
    """``now``: the time of the last message, ms. ``day``: UTC days since the epoch, of ``now``; -1 before any message.

    ``changes`` counts the kill switch's transitions, ``told`` those that an alert has told. ``deep_loss_acknowledged``:
    re-armed by hand today after a deep loss. ``flattened``: the drawdown's limit was reached, and nobody has re-armed since.
    ``ordered``: the last copy, unsigned, of the order that goes with the present state; None = none.
    ``asked_at``: when the last statement was asked for. ``approved_at``: times of approvals within the last minute;
    ``cooling_until``: end of the pause after too many of them, ms. ``entries``: notionals of the last approvals, USDT.
    ``instruments``, ``closures``, ``tiers``: as the exchange told them last; nothing before that.
    ``account``: as stated; ``marked``: the same at mark prices that came since, None = none did; ``marked_at``: symbol → of
    when its price is, ms.
    ``listed_at``: of when the last list of symbols is; -1 = none came. ``entry_cap``, ``next_fundings``:
    as execution stated them last.
    ``controls``: ids of services' halts. ``commands``: ids of operators' commands, and what was refused.
    """

    barrier: PartitionState = msgspec.field(default_factory=PartitionState)
    now: int = 0
    day: int = -1
    kill_switch: KillSwitch = "NORMAL"
    reason: str = ""
    changes: int = 0
    told: int = 0
    deep_loss_acknowledged: bool = False
    flattened: bool = False
    ordered: RiskOrder | None = None
    account: AccountState | None = None
    equity: EquityBook = msgspec.field(default_factory=EquityBook)
    stated_until: int = -1
    asked_at: int = -1
    open_trades: tuple[str, ...] = ()
    ended: list[EndedTrade] = msgspec.field(default_factory=list)
    trades_today: int = 0
    approved_at: list[int] = msgspec.field(default_factory=list)
    cooling_until: int = 0
    entries: list[Decimal] = msgspec.field(default_factory=list)
    pending: list[PendingIntent] = msgspec.field(default_factory=list)
    controls: list[str] = msgspec.field(default_factory=list)
    commands: CommandMemory = msgspec.field(default_factory=CommandMemory)
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    closures: tuple[Closure, ...] = ()
    listed_at: int = -1
    tiers: dict[str, tuple[MarginTier, ...]] = msgspec.field(default_factory=dict)
    entry_cap: EntryCap | None = None
    next_fundings: dict[str, NextFunding] = msgspec.field(default_factory=dict)
    marked: AccountState | None = None
    marked_at: dict[str, int] = msgspec.field(default_factory=dict)

    def advance_to(self, time: int) -> bool:
        """Time only moves on. True when a new UTC day has begun with it."""
        self.now = max(self.now, time)
        day = self.now // DAY
        if day <= self.day:
            return False
        self.day = day
        self.trades_today = 0
        self.deep_loss_acknowledged = False
        self.equity.begin_day(day * DAY)
        return True

    def take(self, stated: AccountStatement, settings: RiskSettings) -> None:
        """The account as stated. An approval ends when the statement shows its trade, or could show it and does not.

        One that was asked for while the intent may still be sent proves nothing: the entry may be on its way.
        """
        self.stated_until, self.asked_at = stated.time, stated.asked_at
        self.account, self.marked, self.marked_at = stated.account, None, {}
        self.tiers |= stated.tiers
        self.next_fundings |= stated.next_fundings
        self.entry_cap = stated.entry_cap
        self.open_trades = tuple(sorted({t.symbol for t in stated.open_trades if t.state not in ("closed", "failed")}))
        shown = {trade.intent_id for trade in (*stated.open_trades, *stated.closed_trades)}
        self.pending = [each for each in self.pending if each.id not in shown and stated.asked_at <= each.until]
        most = max(results.TRADES_REMEMBERED, settings.caution_trades, settings.max_losing_streak)
        results.add(self.ended, stated.closed_trades, most)
        self.equity.take(stated, self.day * DAY, settings.max_equity_jump)

    def mark(self, prices: Iterable[MarkPrice], settings: RiskSettings) -> None:
        """Value what is held at prices newer than the statement and than those before.

        Without a young statement nobody knows what is held: then they are not followed.
        """
        if self.account is None or self.now - self.stated_until > settings.account_age_ms:
            return
        held = self.in_position
        newer = {
            each.symbol: each
            for each in sorted(prices, key=lambda price: price.time)
            if each.symbol in held and each.time > self.marked_at.get(each.symbol, self.stated_until)
        }
        if not newer:
            return
        self.marked_at |= {symbol: each.time for symbol, each in newer.items()}
        marks = {symbol: Decimal(repr(each.mark)) for symbol, each in newer.items()}
        self.marked = at_marks(self.marked or self.account, marks, self.tiers)

    @property
    def at_marks(self) -> RiskState:
        """The state as if the account were stated at the newest mark prices: to judge by and to show, not to keep."""
        if self.marked is None:
            return self
        book = msgspec.structs.replace(self.equity, equity=self.marked.equity)
        return msgspec.structs.replace(self, account=self.marked, equity=book)

    def learn(self, told: InstrumentList) -> None:
        """Filters and closures as of ``told``. A symbol that it does not name keeps its last filters."""
        self.instruments |= {each.symbol: each for each in told.instruments}
        self.closures = told.closures
        self.listed_at = max(self.listed_at, told.time)

    def approve(self, intent: OrderIntent, settings: RiskSettings, *, usual: bool = True) -> None:
        """Count an approval at once: the next signal of the same close meets it.

        usual: False for one that was made small from outside: by it no later one is far too large.
        """
        notional = worst_notional(intent)
        self.trades_today += 1
        self.approved_at = [each for each in self.approved_at if each > self.now - MINUTE] + [self.now]
        if len(self.approved_at) >= settings.intents_per_minute:
            self.cooling_until = self.now + settings.cooldown_ms
        if usual:
            self.entries.append(notional)
        del self.entries[: -settings.fat_finger_entries]
        pending = PendingIntent(id=intent.id, symbol=intent.symbol, until=intent.valid_until, notional=notional)
        self.pending.append(pending)

    def acknowledge(self, settings: RiskSettings) -> None:
        """A person re-armed: what halted before does not halt again for the same cause."""
        self.equity.accept()
        self.deep_loss_acknowledged = loss_event(self.equity.day, settings) == "deep_loss"
        if self.flattened:
            self.flattened = False
            self.equity.forget_peak()
        for each in self.ended:
            each.forgiven = True

    def figures(self, settings: RiskSettings) -> Figures | None:
        """What the kill switch is judged by; None before the first statement."""
        if self.account is None:
            return None
        rate = results.win_rate(self.ended, settings.caution_trades)
        return Figures(self.equity.day, self.equity.drawdown, results.streak(self.ended), rate)

    @property
    def flat(self) -> bool:
        """Nothing is held, and nothing is on its way."""
        return self.account is not None and not self.occupied

    @property
    def in_position(self) -> frozenset[str]:
        """Symbols with a position at the exchange."""
        positions = self.account.positions if self.account is not None else ()
        return frozenset(position.symbol for position in positions if position.quantity != 0)

    @property
    def occupied(self) -> frozenset[str]:
        """Symbols in a position, in a trade of ours, or approved and not yet shown by a statement."""
        return self.in_position | frozenset(self.open_trades) | {intent.symbol for intent in self.pending}

    def notional(self, symbol: str) -> Decimal:
        """USDT that the symbol holds at mark, plus what is on its way."""
        positions = self.account.positions if self.account is not None else ()
        held = sum((abs(p.quantity) * p.mark_price for p in positions if p.symbol == symbol), Decimal(0))
        return held + sum((intent.notional for intent in self.pending if intent.symbol == symbol), Decimal(0))

    @property
    def exposure(self) -> Decimal:
        """USDT that all symbols hold at mark, plus what is on its way."""
        positions = self.account.positions if self.account is not None else ()
        held = sum([abs(each.quantity) * each.mark_price for each in positions if each.quantity], Decimal(0))
        return held + sum([intent.notional for intent in self.pending], Decimal(0))


def worst_notional(intent: OrderIntent) -> Decimal:
    """What the entry is worth at its worst price, USDT."""
    return intent.quantity * max(intent.price, intent.bound)
