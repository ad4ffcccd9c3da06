"""A trader's desk at the driver ``matching``: short words for candles and orders, so that a test is a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from services.execution.inputs import Answer, Input, News, Paid
from services.execution.oms.order import status_of
from services.execution.requests import CancelOrder, PlaceOrder, QueryOrder, Request
from shared.config.account import AccountSettings
from shared.domain.account import AccountState, FundingPayment, Position
from shared.domain.candles import RawCandle
from shared.domain.instruments import Instrument
from shared.domain.market_step import MarketStep
from shared.domain.order_words import AnyOrderType, Side, TimeInForce
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE
from shared.exchange.model.orders import Book, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import AlgoUpdate, OrderUpdate
from simulator.matching_driver import MatchingDriver
from simulator.rejections import REASON
from simulator.settings import SimulatorSettings

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
    kind: AnyOrderType,
    quantity: str | int = 0,
    *,
    symbol: str = BTC,
    at: float | str | None = None,
    reduce_only: bool = False,
) -> NewOrder:
    """``at``: the price of a LIMIT, else the trigger. A conditional order without quantity closes the position."""
    level = None if at is None else D(str(at))
    conditional = kind not in ("MARKET", "LIMIT")
    closes = conditional and not D(quantity)
    return NewOrder(
        client_id=client_id, symbol=symbol, side=side, type=kind, quantity=None if closes else D(quantity),
        price=level if kind == "LIMIT" else None, trigger=level if conditional else None, reduce_only=reduce_only,
        close_position=closes,
    )  # fmt: skip


def market(client_id: str, side: Side, quantity: str | int, *, symbol: str = BTC, reduce_only: bool = False) -> NewOrder:
    return order(client_id, side, "MARKET", quantity, symbol=symbol, reduce_only=reduce_only)


def limit(
    client_id: str, side: Side, quantity: str | int, at: float | str, *, symbol: str = BTC, reduce_only: bool = False
) -> NewOrder:
    return order(client_id, side, "LIMIT", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


def stop(
    client_id: str, side: Side, at: float, quantity: str | int = 0, *, symbol: str = BTC, reduce_only: bool = False
) -> NewOrder:
    return order(client_id, side, "STOP_MARKET", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


def target(
    client_id: str, side: Side, at: float, quantity: str | int = 0, *, symbol: str = BTC, reduce_only: bool = False
) -> NewOrder:
    return order(client_id, side, "TAKE_PROFIT_MARKET", quantity, at=at, symbol=symbol, reduce_only=reduce_only)


def cancel(client_id: str, *, book: Book = "plain", symbol: str = BTC) -> CancelOrder:
    return CancelOrder(client_id, OrderRef(symbol=symbol, client_id=client_id, book=book))


def query(client_id: str, *, book: Book = "plain", symbol: str = BTC) -> QueryOrder:
    return QueryOrder(client_id, OrderRef(symbol=symbol, client_id=client_id, book=book))


_FORCES: dict[str, TimeInForce | None] = {"IOC": "IOC", "FOK": "FOK", "GTX": "GTX"}
#: The port tells why an order ended in the exchange's words; a table of cases is shorter in codes.
_CODES = {text: int(code) for code, text in REASON.items()}


@dataclass(frozen=True)
class Requests:
    """What is asked for at one time, in order."""

    requests: tuple[Request, ...]


@dataclass
class Told:
    """What the driver told, read by a person. orders: one line a change; a conditional order and its child are one order.

    answers: of the requests, in order. account: as stated after all of it. placed: orders by client id, which say what a
    refused one was.
    """

    placed: Mapping[str, NewOrder] = field(default_factory=dict)

    answers: tuple[Answer, ...] = ()
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    funding: tuple[FundingPayment, ...] = ()
    account: AccountState = field(default_factory=lambda: AccountState(time=0, wallet=D(0), equity=D(0)))

    def take(self, told: Input) -> None:
        if isinstance(told, Answer):
            self.answers += (told,)
            for each in (told.order, told.child):
                if each is not None:
                    self._line(each)
            if (told.kind, told.result) == ("place", "refused"):
                self._refused(told)
        elif isinstance(told, Paid):
            self.funding += told.payments
        elif isinstance(told, News) and isinstance(told.event, OrderUpdate | AlgoUpdate):
            self._line(told.event.order)
            if isinstance(told.event, OrderUpdate) and told.event.fill is not None:
                self._fill(told.event)

    def _line(self, told: ExchangeOrder) -> None:
        if told.book == "algo" and told.status in ("TRIGGERING", "TRIGGERED", "FINISHED"):
            return  # its child says more
        line = Order(
            client_id=told.client_id, symbol=told.symbol, side=told.side, type=told.original_type or told.type,  # type: ignore[arg-type]  # no liquidation is shown as one
            quantity=told.quantity, price=told.price or None, trigger=told.trigger or None, reduce_only=told.reduce_only,
            close_position=told.close_position, status=status_of(told), filled=told.executed,
            average_price=told.average_price or D(0), updated_at=told.updated_at, reject_reason=told.reason,
            reject_code=_CODES[told.reason] if told.reason else 0,
            time_in_force=_FORCES.get(told.time_in_force),
        )  # fmt: skip
        if self.orders and self.orders[-1].client_id == line.client_id:
            self.orders = self.orders[:-1]
        self.orders += (line,)

    def _refused(self, told: Answer) -> None:
        refused = replace(as_told(self.placed[told.client_id]), status="REJECTED", reject_code=told.code)
        self.orders += (replace(refused, reject_reason=told.message),)

    def _fill(self, event: OrderUpdate) -> None:
        told, fill = event.order, event.fill
        assert fill is not None, "the caller has looked"
        booked = Fill(
            id=f"{told.symbol}-{fill.trade_id}", client_id=told.client_id, symbol=told.symbol, side=told.side,
            quantity=fill.quantity, price=fill.price, fee=fill.commission, realized=fill.realized, maker=fill.maker,
            time=fill.time,
        )  # fmt: skip
        self.fills += (booked,)


def as_told(order: NewOrder) -> Order:
    """An order that was asked for, in the form in which orders are told."""
    return Order(
        client_id=order.client_id, symbol=order.symbol, side=order.side, type=order.type,  # type: ignore[arg-type]  # no liquidation is asked for
        quantity=order.quantity or D(0), price=order.price, trigger=order.trigger, reduce_only=order.reduce_only,
        close_position=order.close_position, time_in_force=_FORCES.get(order.time_in_force or ""),
    )  # fmt: skip


class Desk:
    """A driver, of which every message gives what was told; None for a step that is a duplicate."""

    def __init__(self, exchange: MatchingDriver) -> None:
        self.exchange = exchange
        self.now = 0
        self.placed: dict[str, NewOrder] = {}

    def handle(self, message: MarketStep | Requests) -> Told | None:
        if isinstance(message, MarketStep):
            self.now = max(self.now, message.close_time)
            happened = self.exchange.step(message, self.now)
            return self.told(happened) if happened is not None else None
        self.placed = {
            each.order.client_id: each.order for each in message.requests if isinstance(each, PlaceOrder)
        } | self.placed
        return self.told([told for each in message.requests for told in self.exchange.carry_out(each, self.now)])

    def told(self, inputs: Sequence[Input]) -> Told:
        told = Told(placed=self.placed, account=self.account())
        for each in inputs:
            told.take(each)
        return told

    def account(self) -> AccountState:
        stated = self.exchange.statement(self.now)
        positions = tuple(
            Position(symbol=leg.symbol, quantity=leg.quantity, entry_price=leg.entry, mark_price=leg.mark,
                     unrealized=leg.unrealized)
            for leg in stated.legs
        )  # fmt: skip
        return AccountState(time=stated.time, wallet=stated.wallet, equity=stated.equity, positions=positions)

    def snapshot(self) -> bytes:
        return self.exchange.snapshot()

    def restore(self, data: bytes) -> None:
        self.exchange.restore(data)


class Trader:
    """One driver and its clock. ``step`` closes the next minute, ``send`` carries requests out."""

    def __init__(
        self,
        settings: SimulatorSettings = FREE,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
        *,
        leverage: int = 125,
    ) -> None:
        self.exchange = MatchingDriver(settings, instruments, account=AccountSettings(leverage=leverage))
        self.desk = Desk(self.exchange)
        self.minute = 0

    def step(self, *rows: Row | RawCandle, volume: float = 1e6, funding: Mapping[str, Decimal] | None = None) -> Told:
        candles = [
            row if isinstance(row, RawCandle) else candle(row, self.minute, symbol=symbol, volume=volume)
            for row, symbol in zip(rows, INSTRUMENTS, strict=False)
        ]
        self.minute += 1
        at = self.minute * MINUTE
        return self.moved(MarketStep(close_time=at, candles=tuple(candles), funding_rates=dict(funding or {})))

    def moved(self, step: MarketStep) -> Told:
        told = self.desk.handle(step)
        assert told is not None, "it is a new step"
        return told

    def at(self, price: float, volume: float = 1e6) -> Trader:
        """One minute in which both symbols stand at this price."""
        row = (price, price, price, price)
        self.step(row, row, volume=volume)
        return self

    def send(self, *requests: NewOrder | Request) -> Told:
        """Place orders, and carry other requests out."""
        wanted = tuple(PlaceOrder(each) if isinstance(each, NewOrder) else each for each in requests)
        told = self.desk.handle(Requests(wanted))
        assert told is not None, "requests are always answered"
        return told

    def account(self) -> AccountState:
        return self.desk.account()


def brief(fills: Sequence[Fill]) -> list[tuple[str, str, str]]:
    """Client id, quantity and price of each fill, as text to compare at a glance."""
    return [(fill.client_id, f"{fill.quantity.normalize():f}", f"{fill.price.normalize():f}") for fill in fills]


def ends(told: Told) -> dict[str, str]:
    """Client id -> last status that was told."""
    return {changed.client_id: changed.status for changed in told.orders}
