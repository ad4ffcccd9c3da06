"""Keeps the account's money: wallet, legs, income rows and account updates. Base class of ``ExchangeState``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from shared.domain.order_words import PositionSide
from simulator.core.margin.brackets import Brackets
from simulator.core.model.enums import AccountReason, IncomeType, MarginType
from simulator.core.model.events import AccountUpdate, CoreEvent, LegUpdate
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO
from simulator.core.model.statements import Commission, Income
from simulator.core.state.legs import Leg, rounded
from simulator.core.state.snapshot import ExchangeSnapshot
from simulator.core.state.symbol_book import HEDGE, ONE_WAY, SymbolBook
from simulator.settings import SimulatorSettings


class AccountLedger:
    """Wallet, symbol books and events of one account.

    events: not yet taken, oldest first.
    saved: the part of the state that a snapshot holds.
    margin_bands: symbol -> mark prices between which no leg can be liquidated; None = must be computed again.
    expire_arrivals: a new order expires in match and is not executed; the server's faults set it for one order.
    """

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
        self.books = {symbol: self.new_book(each, brackets.get(symbol, flat)) for symbol, each in sorted(filters.items())}
        self.events: list[CoreEvent] = []
        self.saved = ExchangeSnapshot(wallet=settings.starting_wallet)
        self._changed: dict[tuple[str, PositionSide], None] = {}
        self.margin_bands: dict[str, tuple[Decimal, Decimal]] | None = None
        self.expire_arrivals = False

    def new_book(self, filters: Filters, brackets: Brackets) -> SymbolBook:
        """Make a symbol's book with the account's margin type and leverage, the latter limited by the brackets."""
        margin_type: MarginType = "ISOLATED" if self._account.margin_type == "isolated" else "CROSSED"
        return SymbolBook(filters, brackets, self._account.leverage, margin_type)

    @property
    def time(self) -> int:
        """Return the latest time passed to any call, ms."""
        return self.saved.time

    @property
    def sides(self) -> tuple[PositionSide, ...]:
        """Return the legs of the position mode: LONG and SHORT, or BOTH."""
        return HEDGE if self.saved.hedge else ONE_WAY

    def next_id(self) -> int:
        """Return a new id. Orders, conditional orders, trades and income rows share one space of numbers.

        An id is the time in microseconds, or the latest id plus one if that is more (``ExchangeSnapshot.ids_by_time``).
        """
        saved = self.saved
        saved.last_id = max(saved.last_id + 1, saved.time * 1_000) if saved.ids_by_time else saved.last_id + 1
        return saved.last_id

    def cross_wallet(self) -> Decimal:
        """Return the wallet less the wallets of isolated legs, USDT."""
        return self.saved.wallet - sum((leg.isolated_wallet for _, _, leg in self.open_legs()), ZERO)

    def cross_balance(self) -> Decimal:
        """Return the margin balance of the crossed legs, USDT: cross wallet plus their unrealised PnL at mark prices."""
        balance = self.saved.wallet
        for book, _, leg in self.open_legs():
            balance += -leg.isolated_wallet if book.margin_type == "ISOLATED" else leg.unrealized(book.mark_price)
        return balance

    def open_legs(self) -> list[tuple[SymbolBook, PositionSide, Leg]]:
        """Return every leg that is not flat, by symbol."""
        return [(book, side, leg) for book in self.books.values() if book.legs for side, leg in book.open_legs()]

    def commission(self, book: SymbolBook) -> Commission:
        """Return the fees in force for a symbol."""
        return book.commission or Commission(maker=self.settings.maker_fee, taker=self.settings.taker_fee)

    def invalidate_margin(self) -> None:
        """Drop margin bands and quiet bands after a change of wallet or legs."""
        self.margin_bands = None
        for book in self.books.values():
            if book.legs:
                book.quiet_band = None

    def record_income(self, symbol: str, kind: IncomeType, amount: Decimal, trade_id: int = 0) -> int:
        """Append an income record and return its id; zero amounts are ignored, and have the id 0."""
        if not amount:
            return 0
        line = Income(symbol=symbol, type=kind, amount=amount, time=self.time, id=self.next_id(), trade_id=trade_id)
        self.saved.income.append(line)
        if len(self.saved.income) > self.settings.income_remembered:
            del self.saved.income[0]
        return line.id

    def mark_changed(self, symbol: str, side: PositionSide) -> None:
        """Include this leg in the next account update."""
        self._changed[symbol, side] = None

    def publish_account(self, reason: AccountReason, change: Decimal = ZERO, *, force: bool = False) -> None:
        """Queue an AccountUpdate with the legs that changed; nothing if none changed, unless ``force``."""
        if not self._changed and not force:
            return
        legs = tuple(self.leg_update(self.books[symbol], side) for symbol, side in self._changed)
        self._changed.clear()
        self.events.append(
            AccountUpdate(
                reason=reason,
                time=self.time,
                wallet=self.saved.wallet,
                cross_wallet=self.cross_wallet(),
                change=change,
                positions=legs,
            )
        )

    def leg_update(self, book: SymbolBook, side: PositionSide) -> LegUpdate:
        """Return one leg in the form of account updates. Prices are rounded to the settings' ``decimals``."""
        leg, decimals = book.leg(side), self.settings.decimals
        quantity = leg.quantity
        return LegUpdate(
            symbol=book.symbol,
            position_side=side,
            quantity=quantity,
            mark_price=book.mark_price,
            entry_price=rounded(leg.cost / quantity, decimals) if quantity else ZERO,
            break_even_price=rounded((leg.cost - leg.net) / quantity, decimals) if quantity else ZERO,
            realized=leg.realized,
            unrealized=leg.unrealized(book.mark_price),
            margin_type=book.margin_type,
            isolated_wallet=leg.isolated_wallet,
        )

    def replace_saved(self, saved: ExchangeSnapshot) -> None:
        """Replace the state; events that were not taken are dropped."""
        self.saved = saved
        self.events.clear()
        self._changed.clear()
        self.margin_bands = None
