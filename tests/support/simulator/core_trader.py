"""A trader at the matching core: short words for its calls, so that a test is a table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from shared.config.account import AccountSettings
from simulator.bracket_file import load_brackets
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin.brackets import Brackets
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.events import AlgoUpdate, CoreEvent, OrderUpdate
from simulator.core.model.filters import Filters
from simulator.core.model.orders import Order
from simulator.core.model.requests import NewAlgoOrder, NewOrder, Refusal
from simulator.settings import SimulatorSettings

D = Decimal
BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"
BRACKETS = load_brackets()


def filters(symbol: str, **changes: object) -> Filters:
    """Tick 0.1, step 0.001, a minimum of 5 USDT, and no bounds that are in a test's way."""
    fields: dict[str, object] = {
        "symbol": symbol, "tick_size": D("0.1"), "min_price": D("0.1"), "max_price": D(10**9), "step_size": D("0.001"),
        "min_quantity": D("0.001"), "max_quantity": D(10**6), "market_step_size": D("0.001"),
        "market_min_quantity": D("0.001"), "market_max_quantity": D(10**6), "min_notional": D(5),
    }  # fmt: skip
    return Filters(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


FILTERS = {symbol: filters(symbol) for symbol in (BTC, ETH, SOL)}
#: No costs, endless liquidity.
FREE = SimulatorSettings(
    taker_fee=D(0), maker_fee=D(0), slippage_bps=D(0), layer_slippage_bps=D(0), participation=D(1), liquidation_fee=D(0)
)


class CoreTrader:
    """A core and its clock: every call is one millisecond after the one before."""

    def __init__(
        self,
        settings: SimulatorSettings = FREE,
        *,
        filters: Mapping[str, Filters] = FILTERS,
        brackets: Mapping[str, Brackets] = BRACKETS,
        at: float | str | None = 100,
        leverage: int = 10,
        **changes: object,
    ) -> None:
        account = AccountSettings(leverage=leverage)
        self.core = ExchangeCore(settings.model_copy(update=changes), filters, brackets, account)
        self.now = 1_000
        self.made = 0
        if at is not None:
            for symbol in filters:
                self.trade(at, symbol=symbol)

    def tick(self) -> int:
        self.now += 1
        return self.now

    # ---- the market

    def trade(self, price: float | str, quantity: str | int | None = None, *, symbol: str = BTC) -> list[CoreEvent]:
        self.core.on_trade(symbol, D(str(price)), self.tick(), None if quantity is None else D(quantity))
        return self.core.take_events()

    def quote(
        self, bid: float | str, ask: float | str, bids: str | int | None = None, asks: str | int | None = None,
        *, symbol: str = BTC,
    ) -> list[CoreEvent]:  # fmt: skip
        sizes = [None if size is None else D(size) for size in (bids, asks)]
        self.core.on_quote(symbol, D(str(bid)), D(str(ask)), self.tick(), *sizes)
        return self.core.take_events()

    def mark(self, price: float | str, *, symbol: str = BTC) -> list[CoreEvent]:
        self.core.on_mark(symbol, D(str(price)), self.tick())
        return self.core.take_events()

    def fund(self, rate: str, *, symbol: str = BTC) -> list[CoreEvent]:
        self.core.on_funding(symbol, D(rate), self.tick())
        return self.core.take_events()

    # ---- orders

    def place(self, order: NewOrder) -> Order:
        """Place what must be taken."""
        placed = self.core.place(order, self.tick())
        assert isinstance(placed, Order), placed
        return placed

    def refused(self, order: NewOrder | NewAlgoOrder) -> int:
        """Place what must be refused; the code. Nothing may have changed."""
        before = self.core.snapshot()
        time = self.core.time
        if isinstance(order, NewOrder):
            placed: Order | AlgoOrder | Refusal = self.core.place(order, time)
        else:
            placed = self.core.place_algo(order, time)
        assert isinstance(placed, Refusal), placed
        assert self.core.snapshot() == before
        assert placed.message
        return int(placed.code)

    def place_algo(self, order: NewAlgoOrder) -> AlgoOrder:
        placed = self.core.place_algo(order, self.tick())
        assert isinstance(placed, AlgoOrder), placed
        return placed

    def buy(self, quantity: str | int, **changes: object) -> Order:
        """A market order."""
        return self.place(market("BUY", quantity, **changes))

    def sell(self, quantity: str | int, **changes: object) -> Order:
        """A market order."""
        return self.place(market("SELL", quantity, **changes))

    def order(self, client_id: str) -> Order:
        """The order as it is."""
        found = self.core.order_of(client_id)
        assert found is not None, client_id
        return found

    def algo(self, client_algo_id: str) -> AlgoOrder:
        """The algo order as it is."""
        found = self.core.algo_order(client_algo_id=client_algo_id)
        assert found is not None, client_algo_id
        return found

    def fills(self, client_id: str = "") -> list[tuple[str, str, str]]:
        """Client id, quantity and price of executions, by trade id."""
        return [
            (trade.client_id, f"{trade.quantity.normalize():f}", f"{trade.price.normalize():f}")
            for trade in self.core.trades()
            if client_id in ("", trade.client_id)
        ]

    def quantity(self, side: str = "BOTH", symbol: str = BTC) -> Decimal:
        """Signed quantity of a leg."""
        return self.core.position(symbol, side).quantity  # type: ignore[arg-type]  # a position side, from a table


def market(side: str, quantity: str | int, **changes: object) -> NewOrder:
    fields = {"symbol": BTC, "side": side, "type": "MARKET", "quantity": D(quantity)} | changes
    return NewOrder(**fields)  # type: ignore[arg-type]  # a table of fields


def limit(side: str, quantity: str | int, price: float | str, **changes: object) -> NewOrder:
    fields: dict[str, object] = {
        "symbol": BTC, "side": side, "type": "LIMIT", "quantity": D(quantity), "price": D(str(price)),
        "time_in_force": "GTC",
    }  # fmt: skip
    return NewOrder(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


def algo(side: str, kind: str, quantity: str | int | None = None, **changes: object) -> NewAlgoOrder:
    """``at``: the trigger price. Without a quantity it closes the position."""
    at = changes.pop("at", None)
    fields: dict[str, object] = {
        "symbol": BTC, "side": side, "type": kind, "quantity": None if quantity is None else D(quantity),
        "trigger_price": None if at is None else D(str(at)), "close_position": quantity is None,
    }  # fmt: skip
    for name in ("price", "activate_price", "callback_rate"):
        if changes.get(name) is not None:
            changes[name] = D(str(changes[name]))
    return NewAlgoOrder(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


def happened(events: list[CoreEvent]) -> list[tuple[str, str]]:
    """(client id, what) of the order and algo updates, in order: ``x`` of an order, status of an algo order."""
    told = []
    for each in events:
        if isinstance(each, OrderUpdate):
            told.append((each.order.client_id, each.execution))
        elif isinstance(each, AlgoUpdate):
            told.append((each.algo.client_algo_id, f"algo {each.algo.status}"))
    return told
