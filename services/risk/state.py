"""What risk knows of the account and of the day: one struct, so that a restart forgets nothing (RISK-3)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.risk.barrier import PartitionState
from shared.approval.commands import CommandMemory
from shared.domain.account import AccountState, AccountStatement, KillSwitch
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent
from shared.domain.listing import Closure, InstrumentList
from shared.domain.timeframes import DAY


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

    ``day_start_equity``: the last equity known before the day began; if there was none, the first one stated on it.
    ``changes`` counts the kill switch's transitions. ``deep_loss_acknowledged``: re-armed by hand today after a deep loss.
    ``instruments``, ``closures``: as the exchange told them last; nothing before that.
    ``controls``: ids of services' halts. ``commands``: ids of operators' commands, and what was refused.
    """

    barrier: PartitionState = msgspec.field(default_factory=PartitionState)
    now: int = 0
    day: int = -1
    kill_switch: KillSwitch = "NORMAL"
    reason: str = ""
    changes: int = 0
    deep_loss_acknowledged: bool = False
    account: AccountState | None = None
    stated_until: int = -1
    open_trades: tuple[str, ...] = ()
    day_start_equity: Decimal | None = None
    trades_today: int = 0
    pending: list[PendingIntent] = msgspec.field(default_factory=list)
    controls: list[str] = msgspec.field(default_factory=list)
    commands: CommandMemory = msgspec.field(default_factory=CommandMemory)
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    closures: tuple[Closure, ...] = ()

    def advance_to(self, time: int) -> bool:
        """Time only moves on. True when a new UTC day has begun with it."""
        self.now = max(self.now, time)
        day = self.now // DAY
        if day <= self.day:
            return False
        self.day = day
        self.trades_today = 0
        self.deep_loss_acknowledged = False
        self.day_start_equity = self.account.equity if self.account is not None else None
        return True

    def take(self, stated: AccountStatement) -> None:
        """The account as stated. An approval ends when the statement shows its trade, or could show it and does not.

        One that was asked for while the intent may still be sent proves nothing: the entry may be on its way.
        """
        self.stated_until = stated.time
        self.account = stated.account
        self.open_trades = tuple(sorted({t.symbol for t in stated.open_trades if t.state not in ("closed", "failed")}))
        shown = {trade.intent_id for trade in (*stated.open_trades, *stated.closed_trades)}
        self.pending = [each for each in self.pending if each.id not in shown and stated.asked_at <= each.until]
        if self.day_start_equity is None:
            self.day_start_equity = stated.account.equity

    def learn(self, told: InstrumentList) -> None:
        """Filters and closures as of ``told``. A symbol that it does not name keeps its last filters."""
        self.instruments |= {each.symbol: each for each in told.instruments}
        self.closures = told.closures

    def approve(self, intent: OrderIntent) -> None:
        """Count an approval at once: the next signal of the same close meets it."""
        self.trades_today += 1
        self.pending.append(
            PendingIntent(
                id=intent.id,
                symbol=intent.symbol,
                until=max(intent.valid_until, intent.rests_until),
                notional=intent.quantity * max(intent.price, intent.bound),
            )
        )

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
