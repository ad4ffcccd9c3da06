"""Read-only questions to the matching core: orders, trades, account, prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from shared.domain.order_words import PositionSide
from simulator.core import account as accounts
from simulator.core.margin.brackets import Brackets
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.events import LegUpdate
from simulator.core.model.exact import exact
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ExecutedTrade, Order
from simulator.core.model.statements import AccountStatement, Commission, Income, PositionStatement, SymbolConfig
from simulator.core.state.exchange_state import ExchangeState
from simulator.settings import SimulatorSettings


class ExchangeQueries:
    """Base of ``ExchangeCore``: every call here reads, none changes anything.

    brackets: tables by symbol. A symbol without a table gets one bracket from the settings.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        filters: Mapping[str, Filters],
        brackets: Mapping[str, Brackets],
        account: AccountSettings = DEFAULT_ACCOUNT,
    ) -> None:
        self._state = ExchangeState(settings, filters, brackets, account)

    @property
    def state(self) -> ExchangeState:
        """The inner state, for tests and benchmarks. Changing it is outside the contract."""
        return self._state

    @property
    def time(self) -> int:
        """The latest time seen, ms."""
        return self._state.time

    @property
    def hedge_mode(self) -> bool:
        """True: LONG and SHORT legs; False: BOTH."""
        return self._state.saved.hedge

    def order(self, symbol: str, *, order_id: int = 0, client_id: str = "") -> Order | None:
        """By order id, else by client id (the open one, else the latest that bore it)."""
        resting = self._state.find(order_id, client_id)
        return resting.order if resting is not None and resting.order.symbol == symbol else None

    def order_of(self, client_id: str) -> Order | None:
        """The order of a client id, whatever its symbol: the open one, else the latest that bore it."""
        resting = self._state.find(0, client_id)
        return resting.order if resting is not None else None

    def algo_order(self, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | None:
        """By algo id, else by client algo id (the open one, else the latest that bore it)."""
        return self._state.find_algo(algo_id, client_algo_id)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """NEW and PARTIALLY_FILLED ones, by order id."""
        found = [resting.order for resting in self._state.open.values() if symbol in (None, resting.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def orders(self, symbol: str | None = None) -> list[Order]:
        """Open ones and the closed ones that are remembered, by order id."""
        resting_orders = [*self._state.open.values(), *self._state.saved.closed.values()]
        found = [resting.order for resting in resting_orders if symbol in (None, resting.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def open_algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Those that wait for their trigger, by algo id."""
        found = [each.algo for each in self._state.open_algos.values() if symbol in (None, each.algo.symbol)]
        return sorted(found, key=lambda algo: algo.algo_id)

    def algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Waiting ones and the others that are remembered, by algo id."""
        saved = self._state.saved
        others = [*saved.triggered.values(), *saved.closed_algos.values()]
        found = [algo for algo in others if symbol in (None, algo.symbol)]
        return sorted([*found, *self.open_algo_orders(symbol)], key=lambda algo: algo.algo_id)

    def trades(self, symbol: str | None = None, *, order_id: int = 0) -> list[ExecutedTrade]:
        """Executions of the orders that are remembered, by trade id."""
        if order_id:
            resting = self._state.find(order_id, "")
            resting_orders = [] if resting is None else [resting]
        else:
            resting_orders = [*self._state.open.values(), *self._state.saved.closed.values()]
        found = [trade for resting in resting_orders for trade in resting.trades if symbol in (None, trade.symbol)]
        return sorted(found, key=lambda trade: trade.id)

    def income(self, symbol: str | None = None) -> list[Income]:
        """Realised PnL, commissions, funding, transfers: the last ones, earliest first."""
        return [line for line in self._state.saved.income if symbol in (None, line.symbol)]

    @exact
    def position(self, symbol: str, position_side: PositionSide = "BOTH") -> PositionStatement:
        """One leg, also a flat one."""
        return accounts.position(self._state, self._state.books[symbol], position_side)

    @exact
    def positions(self, symbol: str | None = None) -> list[PositionStatement]:
        """Legs of the position mode that are not flat or have open orders, by symbol (BOTH, or LONG then SHORT)."""
        return accounts.positions(self._state, symbol)

    @exact
    def holdings(self) -> tuple[Decimal, list[LegUpdate]]:
        """The wallet, USDT, and the legs that are not flat, by symbol; without margins, and so at little cost."""
        state = self._state
        return state.saved.wallet, [state.leg_update(book, side) for book, side, _ in state.open_legs()]

    @exact
    def account(self) -> AccountStatement:
        """The USDT account."""
        return accounts.account(self._state)

    def config(self, symbol: str) -> SymbolConfig:
        """Leverage and margin type of a symbol."""
        return accounts.config(self._state.books[symbol])

    def brackets(self, symbol: str) -> Brackets:
        """The brackets of a symbol."""
        return self._state.books[symbol].brackets

    def commission(self, symbol: str) -> Commission:
        """Maker and taker fee of a symbol."""
        return self._state.commission(self._state.books[symbol])

    def filters(self, symbol: str) -> Filters | None:
        """The filters of a symbol; None for one that is not traded here."""
        book = self._state.books.get(symbol)
        return book.filters if book is not None else None

    def last_price(self, symbol: str) -> Decimal | None:
        """Price of the last trade; None before the first."""
        return self._state.books[symbol].last

    def mark_price(self, symbol: str) -> Decimal | None:
        """The mark price; None before the first price."""
        book = self._state.books[symbol]
        return book.mark if book.mark is not None else book.last
