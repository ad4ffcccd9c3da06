"""A trader's desk at the simulated exchange: short words for candles and orders, so that a test is a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shared.config.account import AccountSettings
from shared.domain.candles import RawCandle
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequest, ExchangeRequests, MarketStep, PlaceOrder
from shared.domain.instruments import Instrument
from shared.domain.order_words import OrderType, Side
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE
from simulator.settings import SimulatorSettings
from simulator.simulated_exchange import SimulatedExchange

BTC, ETH = "BTCUSDT", "ETHUSDT"
D = Decimal
INSTRUMENTS = {
    symbol: Instrument(symbol=symbol, tick_size=D("0.1"), step_size=D("0.001"), min_quantity=D("0.001"), min_notional=D(5))
    for symbol in (BTC, ETH)
}
#: Nothing but the path matters: no costs, endless liquidity, margin for everything.
FREE = SimulatorSettings(
    taker_fee=D(0), maker_fee=D(0), slippage_bps=D(0), layer_slippage_bps=D(0), participation=D(1),
    maintenance_rate=D("0.004"),
)  # fmt: skip

Row = tuple[float, float, float, float]  # open, high, low, close


def candle(row: Row, minute: int = 0, *, symbol: str = BTC, volume: float = 1e6) -> RawCandle:
    opened, high, low, close = row
    return RawCandle(symbol=symbol, open_time=minute * MINUTE, open=opened, high=high, low=low, close=close, volume=volume)


def order(
    client_id: str,
    side: Side,
    kind: OrderType,
    quantity: str | int = 0,
    *,
    symbol: str = BTC,
    at: float | str | None = None,
    reduce_only: bool = False,
) -> Order:
    """``at``: the price of a LIMIT, else the trigger. A conditional order without quantity closes the position."""
    level = None if at is None else D(str(at))
    conditional = kind not in ("MARKET", "LIMIT")
    return Order(
        client_id=client_id, symbol=symbol, side=side, type=kind, quantity=D(quantity), reduce_only=reduce_only,
        price=level if kind == "LIMIT" else None, trigger=level if conditional else None,
        close_position=conditional and not D(quantity),
    )  # fmt: skip


def market(client_id: str, side: Side, quantity: str | int, *, symbol: str = BTC, reduce_only: bool = False) -> Order:
    return order(client_id, side, "MARKET", quantity, symbol=symbol, reduce_only=reduce_only)


def limit(
    client_id: str, side: Side, quantity: str | int, at: float | str, *, symbol: str = BTC, reduce_only: bool = False
) -> Order:
    return order(client_id, side, "LIMIT", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


def stop(
    client_id: str, side: Side, at: float, quantity: str | int = 0, *, symbol: str = BTC, reduce_only: bool = False
) -> Order:
    return order(client_id, side, "STOP_MARKET", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


def target(
    client_id: str, side: Side, at: float, quantity: str | int = 0, *, symbol: str = BTC, reduce_only: bool = False
) -> Order:
    return order(client_id, side, "TAKE_PROFIT_MARKET", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


class Trader:
    """One exchange and its clock. ``step`` closes the next minute, ``send`` makes one request of orders and cancels."""

    def __init__(
        self,
        settings: SimulatorSettings = FREE,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
        *,
        leverage: int = 125,
    ) -> None:
        self.exchange = SimulatedExchange(settings, instruments, account=AccountSettings(leverage=leverage))
        self.minute = 0
        self.sent = 0

    def step(
        self, *rows: Row | RawCandle, volume: float = 1e6, funding: Mapping[str, Decimal] | None = None
    ) -> ExchangeEvents:
        candles = [
            row if isinstance(row, RawCandle) else candle(row, self.minute, symbol=symbol, volume=volume)
            for row, symbol in zip(rows, INSTRUMENTS, strict=False)
        ]
        self.minute += 1
        message = MarketStep(close_time=self.minute * MINUTE, candles=tuple(candles), funding_rates=dict(funding or {}))
        return one(self.exchange.handle(message))

    def at(self, price: float, volume: float = 1e6) -> Trader:
        """One minute in which both symbols stand at this price."""
        row = (price, price, price, price)
        self.step(row, row, volume=volume)
        return self

    def request(self, *requests: Order | CancelOrder) -> ExchangeRequests:
        self.sent += 1
        wanted: list[ExchangeRequest] = [
            PlaceOrder(order=request) if isinstance(request, Order) else request for request in requests
        ]
        return ExchangeRequests(id=f"r{self.sent}", time=self.minute * MINUTE, requests=tuple(wanted))

    def send(self, *requests: Order | CancelOrder) -> ExchangeEvents:
        return one(self.exchange.handle(self.request(*requests)))


def one(messages: Sequence[object]) -> ExchangeEvents:
    """The exchange answers each new message with exactly one."""
    (message,) = messages
    assert isinstance(message, ExchangeEvents)
    return message


def brief(fills: Sequence[Fill]) -> list[tuple[str, str, str]]:
    """Client id, quantity and price of each fill, as text to compare at a glance."""
    return [(fill.client_id, f"{fill.quantity.normalize():f}", f"{fill.price.normalize():f}") for fill in fills]


def ends(events: ExchangeEvents) -> dict[str, str]:
    """Client id -> last status in these events."""
    return {changed.client_id: changed.status for changed in events.orders}
