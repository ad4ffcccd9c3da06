"""What risk knows of the account and of the day: one struct, so that a restart forgets nothing (RISK-3)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.risk.barrier import PartitionState
from shared.domain.account import AccountReport, AccountState, KillSwitch
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, InstrumentList
from shared.domain.orders import OrderIntent
from shared.domain.timeframes import DAY


class PendingIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that no account report can show yet. ``notional`` in USDT at the intent's entry."""

    symbol: str
    close_time: int
    notional: Decimal


class RiskState(msgspec.Struct, kw_only=True):
    """``now``: the latest time known, ms. ``day``: UTC days since the epoch, of ``now``; -1 before any message.

    ``day_start_equity``: the last equity known before the day began; if there was none, that of the day's first report.
    ``changes`` counts the kill switch's transitions. ``deep_loss_acknowledged``: re-armed by hand today after a deep loss.
    ``instruments``, ``closures``: as the exchange told them last; nothing before that.
    """

    barrier: PartitionState = msgspec.field(default_factory=PartitionState)
    now: int = 0
    day: int = -1
    kill_switch: KillSwitch = "NORMAL"
    reason: str = ""
    changes: int = 0
    deep_loss_acknowledged: bool = False
    account: AccountState | None = None
    reported_until: int = -1
    open_trades: tuple[str, ...] = ()
    day_start_equity: Decimal | None = None
    trades_today: int = 0
    pending: list[PendingIntent] = msgspec.field(default_factory=list)
    controls: list[str] = msgspec.field(default_factory=list)
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

    def take(self, report: AccountReport) -> None:
        """The account as of ``report``; approvals older than it are visible in it from now on, or will never be."""
        self.reported_until = report.time
        self.account = report.account
        self.open_trades = tuple(sorted({t.symbol for t in report.open_trades if t.state not in ("closed", "failed")}))
        self.pending = [intent for intent in self.pending if intent.close_time >= report.time]
        if self.day_start_equity is None:
            self.day_start_equity = report.account.equity

    def learn(self, told: InstrumentList) -> None:
        """Filters and closures as of ``told``. A symbol that it does not name keeps its last filters."""
        self.instruments |= {each.symbol: each for each in told.instruments}
        self.closures = told.closures

    def approve(self, intent: OrderIntent) -> None:
        """Count an approval at once: the next signal of the same close meets it."""
        self.trades_today += 1
        self.pending.append(
            PendingIntent(symbol=intent.symbol, close_time=intent.close_time, notional=intent.quantity * intent.entry)
        )

    @property
    def in_position(self) -> frozenset[str]:
        """Symbols with a position at the exchange."""
        positions = self.account.positions if self.account is not None else ()
        return frozenset(position.symbol for position in positions if position.quantity != 0)

    @property
    def occupied(self) -> frozenset[str]:
        """Symbols in a position, in a trade of ours, or approved and not yet reported."""
        return self.in_position | frozenset(self.open_trades) | {intent.symbol for intent in self.pending}

    def notional(self, symbol: str) -> Decimal:
        """USDT that the symbol holds at mark, plus what is on its way."""
        positions = self.account.positions if self.account is not None else ()
        held = sum((abs(p.quantity) * p.mark_price for p in positions if p.symbol == symbol), Decimal(0))
        return held + sum((intent.notional for intent in self.pending if intent.symbol == symbol), Decimal(0))
