"""Defines market data as the exchange's REST answers state it; streams use the same types.

Prices and quantities for analysis are float64 of the exchange's decimals; trading filters, mark prices and funding rates
are ``Decimal``. Times are UTC ms of the exchange's clock.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.instruments import Instrument
from shared.domain.timeframes import Timeframe


class SymbolRules(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's trading filters for one symbol. Prices in USDT, quantities in base currency.

    market_max_quantity: largest quantity of MARKET orders; smaller than ``max_quantity``, which bounds LIMIT orders.
    min_notional: smallest value of an order, USDT.
    price_up, price_down: a BUY limit may not be above mark * price_up, a SELL limit not below mark * price_down.
    max_orders: most open orders.
    listed_at: ms; no history exists before.
    delivers_at: ms at which the exchange settles and closes the contract; 0 = no date is announced.
    underlying: kind of market behind the contract in the exchange's word: COIN, EQUITY, COMMODITY, PREMARKET …
    liquidation_fee, market_take_bound, trigger_protect: fractions; 0 = the exchange states none.
    """

    symbol: str
    status: str
    contract: str
    base: str
    quote: str
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    price_up: Decimal
    price_down: Decimal
    max_orders: int
    listed_at: int
    delivers_at: int = 0
    underlying: str = ""
    liquidation_fee: Decimal = Decimal(0)
    market_take_bound: Decimal = Decimal(0)
    trigger_protect: Decimal = Decimal(0)

    @property
    def trading(self) -> bool:
        """True if the exchange accepts orders for the symbol."""
        return self.status == "TRADING"

    def instrument(self) -> Instrument:
        """Return the filters to which sizing and execution round prices and quantities."""
        return Instrument(
            symbol=self.symbol,
            tick_size=self.tick_size,
            step_size=self.step_size,
            min_quantity=self.min_quantity,
            min_notional=self.min_notional,
            market_max_quantity=self.market_max_quantity,
        )


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One rate limit: ``limit`` units in ``interval_ms``.

    kind: in the exchange's word: REQUEST_WEIGHT, ORDERS; empty = the exchange states it in a way that cannot be read.
    """

    kind: str
    interval_ms: int
    limit: int


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol of exchangeInfo that cannot be used, and why. ``symbol``: its name; its place in the list if it has none."""

    symbol: str
    reason: str


class ExchangeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's trading filters, by symbol, and its rate limits, as of ``time``.

    left_out: symbols that the answer describes in a way that cannot be read; the others are not affected.
    """

    time: int
    symbols: dict[str, SymbolRules]
    limits: tuple[RateLimit, ...]
    left_out: tuple[LeftOut, ...] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One trading session of the market behind TradFi contracts, from ``start`` until before ``end``, ms.

    kind: in the exchange's word: PRE_MARKET, REGULAR, AFTER_MARKET, OVERNIGHT, NO_TRADING.
    """

    start: int
    end: int
    kind: str


class TradingSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of about a week around ``time`` (ms), by kind of underlying (EQUITY, COMMODITY …), earliest first."""

    time: int
    markets: dict[str, tuple[Session, ...]]


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """A candle. ``closed``: False while it still runs.

    volume: base currency. quote_volume: USDT. trades: number of trades. taker_volume: the part of ``volume`` in which the
    buyer was the taker.
    """

    symbol: str
    timeframe: Timeframe
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: int
    taker_volume: float
    closed: bool


#: One level of an order book: (price in USDT, quantity in base currency).
Level = tuple[float, float]


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of the order book, best price first on both sides.

    last_update: id of the last diff contained; the diff stream continues after it.
    """

    symbol: str
    time: int
    last_update: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookTicker(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and ask with their quantities. ``update``: id of the order book update; 0 = the exchange does not say."""

    symbol: str
    time: int
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    update: int = 0


class AggTrade(msgspec.Struct, frozen=True, kw_only=True):
    """The fills of one taker order at one price, added up. ``buyer_maker``: True = the taker sold."""

    symbol: str
    id: int
    price: float
    quantity: float
    time: int
    buyer_maker: bool


class MarkPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Mark and index price, and the running funding period: its rate so far, and when it is paid (``next_funding``, ms)."""

    symbol: str
    time: int
    mark: Decimal
    index: Decimal
    funding_rate: Decimal
    next_funding: int


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """One funding payment. If ``rate`` is positive, longs pay shorts that fraction of their notional at ``mark``.

    mark: mark price of the payment; 0 = the exchange does not say.
    """

    symbol: str
    time: int
    rate: Decimal
    mark: Decimal = Decimal(0)


class FundingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How often a symbol pays funding, hours, and the bounds of the rate, fractions. The exchange may change both."""

    symbol: str
    interval_hours: int
    cap: Decimal
    floor: Decimal
