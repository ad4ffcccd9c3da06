"""Read-only queries of the matching core: orders, trades, account, prices."""

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
    """The queries of ``ExchangeCore``, its base class. No call here changes anything. ``symbol`` None = of all symbols.

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
        """Return the internal state, for tests and benchmarks; do not change it."""
        return self._state

    @property
    def time(self) -> int:
        """Return the latest time passed to any call, ms."""
        return self._state.time

    @property
    def hedge_mode(self) -> bool:
        """Return True in hedge mode (legs LONG and SHORT), False in one-way mode (BOTH)."""
        return self._state.saved.hedge

    def order(self, symbol: str, *, order_id: int = 0, client_id: str = "") -> Order | None:
        """Find an order by order id (0 = not given), else by client id: the latest with it. None if there is none."""
        resting = self._state.find(order_id, client_id)
        return resting.order if resting is not None and resting.order.symbol == symbol else None

    def order_of(self, client_id: str) -> Order | None:
        """Find the latest order with a client id, in any symbol. None if there is none."""
        resting = self._state.find(0, client_id)
        return resting.order if resting is not None else None

    def algo_order(self, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | None:
        """Find a conditional order by algo id (0 = not given), else the latest with the client algo id; None if none."""
        return self._state.find_algo(algo_id, client_algo_id)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """List the open orders (NEW and PARTIALLY_FILLED), by order id."""
        found = [resting.order for resting in self._state.open.values() if symbol in (None, resting.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def orders(self, symbol: str | None = None) -> list[Order]:
        """List open orders and remembered closed ones, by order id."""
        resting_orders = [*self._state.open.values(), *self._state.saved.closed.values()]
        found = [resting.order for resting in resting_orders if symbol in (None, resting.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def open_algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """List the conditional orders that have not triggered, by algo id."""
        found = [each.algo for each in self._state.open_algos.values() if symbol in (None, each.algo.symbol)]
        return sorted(found, key=lambda algo: algo.algo_id)

    def algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """List waiting conditional orders and remembered triggered and closed ones, by algo id."""
        saved = self._state.saved
        others = [*saved.triggered.values(), *saved.closed_algos.values()]
        found = [algo for algo in others if symbol in (None, algo.symbol)]
        return sorted([*found, *self.open_algo_orders(symbol)], key=lambda algo: algo.algo_id)

    def trades(self, symbol: str | None = None, *, order_id: int = 0) -> list[ExecutedTrade]:
        """List the executions of open and remembered orders, by trade id. ``order_id``: of one order, 0 = of all."""
        if order_id:
            resting = self._state.find(order_id, "")
            resting_orders = [] if resting is None else [resting]
        else:
            resting_orders = [*self._state.open.values(), *self._state.saved.closed.values()]
        found = [trade for resting in resting_orders for trade in resting.trades if symbol in (None, trade.symbol)]
        return sorted(found, key=lambda trade: trade.id)

    def income(self, symbol: str | None = None) -> list[Income]:
        """List the remembered income rows (realised PnL, commission, funding, transfer), earliest first."""
        return [line for line in self._state.saved.income if symbol in (None, line.symbol)]

    @exact
    def position(self, symbol: str, position_side: PositionSide = "BOTH") -> PositionStatement:
        """State one leg, even if it is flat."""
        return accounts.position(self._state, self._state.books[symbol], position_side)

    @exact
    def positions(self, symbol: str | None = None) -> list[PositionStatement]:
        """State the legs that are not flat or have open orders, by symbol (BOTH, or LONG then SHORT)."""
        return accounts.positions(self._state, symbol)

    @exact
    def held(self) -> list[PositionStatement]:
        """State the legs that are not flat, by symbol (BOTH, or LONG then SHORT)."""
        return accounts.held(self._state)

    @exact
    def holdings(self) -> tuple[Decimal, list[LegUpdate]]:
        """Return the wallet (USDT) and the legs that are not flat, by symbol. Computes no margins, so it is cheap."""
        state = self._state
        return state.saved.wallet, [state.leg_update(book, side) for book, side, _ in state.open_legs()]

    @exact
    def account(self) -> AccountStatement:
        """State the USDT account."""
        return accounts.account(self._state)

    @property
    def insurance(self) -> Decimal:
        """Return what the insurance fund has received from this account less what it has paid for it, USDT."""
        return self._state.saved.insurance

    def config(self, symbol: str) -> SymbolConfig:
        """State leverage and margin type of a symbol."""
        return accounts.config(self._state.books[symbol])

    def brackets(self, symbol: str) -> Brackets:
        """Return the notional brackets of a symbol."""
        return self._state.books[symbol].brackets

    def commission(self, symbol: str) -> Commission:
        """Return maker and taker fee of a symbol."""
        return self._state.commission(self._state.books[symbol])

    def filters(self, symbol: str) -> Filters | None:
        """Return the filters of a symbol; None for one that is not traded here."""
        book = self._state.books.get(symbol)
        return book.filters if book is not None else None

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the last trade, USDT; None before the first."""
        return self._state.books[symbol].last

    def mark_price(self, symbol: str) -> Decimal | None:
        """Return the mark price, USDT; None before the first price."""
        book = self._state.books[symbol]
        return book.mark if book.mark is not None else book.last
