"""The money half of the venue's floor: wallet, legs, income, and the account's news. See ``floor``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from simulator.core.margin.brackets import Brackets
from simulator.core.model.enums import AccountReason, IncomeType, MarginType, PositionSide
from simulator.core.model.events import AccountUpdate, LegUpdate, News
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO
from simulator.core.model.statements import Commission, Income
from simulator.core.state.legs import Leg, rounded
from simulator.core.state.snapshot import FloorState
from simulator.core.state.symbol_book import HEDGE, ONE_WAY, Pit
from simulator.settings import SimulatorSettings


class Till:
    """``news`` grows until it is taken."""

    def __init__(
        self,
        settings: SimulatorSettings,
        filters: Mapping[str, Filters],
        brackets: Mapping[str, Brackets],
        account: AccountSettings = DEFAULT_ACCOUNT,
    ) -> None:
        self.settings = settings
        self._account = account
        flat = Brackets.flat(settings.max_leverage, settings.maintenance_rate)
        self.pits = {symbol: self.fresh(each, brackets.get(symbol, flat)) for symbol, each in sorted(filters.items())}
        self.news: list[News] = []
        self.state = FloorState(wallet=settings.starting_wallet)
        self._touched: dict[tuple[str, PositionSide], None] = {}
        #: Symbol -> mark prices within which no leg can be liquidated; None = to be worked out (see ``risk``).
        self.risk: dict[str, tuple[Decimal, Decimal]] | None = None

    def fresh(self, filters: Filters, brackets: Brackets) -> Pit:
        """Set up a symbol as the account's settings say: their leverage, unless its brackets allow less, and margin type."""
        margin_type: MarginType = "ISOLATED" if self._account.margin_type == "isolated" else "CROSSED"
        return Pit(filters, brackets, self._account.leverage, margin_type)

    @property
    def time(self) -> int:
        """The latest time seen, ms."""
        return self.state.time

    @property
    def sides(self) -> tuple[PositionSide, ...]:
        """The legs of the position mode."""
        return HEDGE if self.state.hedge else ONE_WAY

    def cross_wallet(self) -> Decimal:
        """The wallet without what isolated legs have set aside, USDT."""
        return self.state.wallet - sum((leg.isolated_wallet for _, _, leg in self.held()), ZERO)

    def held(self) -> list[tuple[Pit, PositionSide, Leg]]:
        """Every leg that is not flat, by symbol."""
        return [(pit, side, leg) for pit in self.pits.values() if pit.legs for side, leg in pit.held()]

    def commission(self, pit: Pit) -> Commission:
        """Fees in force for a symbol."""
        return pit.commission or Commission(maker=self.settings.maker_fee, taker=self.settings.taker_fee)

    def money_moved(self) -> None:
        """Wallet or legs changed: where liquidation is must be worked out anew."""
        self.risk = None
        for pit in self.pits.values():
            if pit.legs:
                pit.lines = None

    def earn(self, symbol: str, kind: IncomeType, amount: Decimal, trade_id: int = 0) -> None:
        """Write a line of income; nothing for nothing."""
        if not amount:
            return
        self.state.income_made += 1
        line = Income(symbol=symbol, type=kind, amount=amount, time=self.time, id=self.state.income_made, trade_id=trade_id)
        self.state.income.append(line)
        if len(self.state.income) > self.settings.income_remembered:
            del self.state.income[0]

    def touch(self, symbol: str, side: PositionSide) -> None:
        """A leg changed: the next account update tells of it."""
        self._touched[symbol, side] = None

    def tell_account(self, reason: AccountReason, change: Decimal = ZERO, *, force: bool = False) -> None:
        """News of the account and of the legs that were touched, if anything was (or ``force``)."""
        if not self._touched and not force:
            return
        legs = tuple(self.leg_update(self.pits[symbol], side) for symbol, side in self._touched)
        self._touched.clear()
        self.news.append(
            AccountUpdate(
                reason=reason,
                time=self.time,
                wallet=self.state.wallet,
                cross_wallet=self.cross_wallet(),
                change=change,
                positions=legs,
            )
        )

    def leg_update(self, pit: Pit, side: PositionSide) -> LegUpdate:
        """One leg as account updates state it."""
        leg, decimals = pit.leg(side), self.settings.decimals
        quantity = leg.quantity
        return LegUpdate(
            symbol=pit.symbol,
            position_side=side,
            quantity=quantity,
            mark_price=pit.mark_price,
            entry_price=rounded(leg.cost / quantity, decimals) if quantity else ZERO,
            break_even_price=rounded((leg.cost - leg.net) / quantity, decimals) if quantity else ZERO,
            realized=leg.realized,
            unrealized=leg.unrealized(pit.mark_price),
            margin_type=pit.margin_type,
            isolated_wallet=leg.isolated_wallet,
        )

    def open_anew(self, state: FloorState) -> None:
        """Go on from this state; what was not told yet is not told any more."""
        self.state = state
        self.news.clear()
        self._touched.clear()
        self.risk = None
