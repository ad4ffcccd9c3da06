"""Market data as the exchange answers it by REST.

Prices for analysis are float64 of the exchange's decimals; money is ``Decimal``.
Times are UTC epoch milliseconds of the exchange's clock. A second exchange fills the same structs.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.instruments import Instrument
from shared.domain.timeframes import Timeframe


class SymbolRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the exchange allows for one symbol (RISK-1). Prices in USDT, quantities in base currency.

    ``market_max_quantity``: the bound of MARKET orders, smaller than ``max_quantity``. ``price_up``/``price_down``: a BUY
    limit may not exceed mark * up, a SELL limit not undercut mark * down. ``listed_at``: ms, no history exists before.
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
    liquidation_fee: Decimal = Decimal(0)
    market_take_bound: Decimal = Decimal(0)
    trigger_protect: Decimal = Decimal(0)

    @property
    def trading(self) -> bool:
        """Orders are accepted."""
        return self.status == "TRADING"

    def instrument(self) -> Instrument:
        """The filters that sizing and execution round to."""
        return Instrument(
            symbol=self.symbol,
            tick_size=self.tick_size,
            step_size=self.step_size,
            min_quantity=self.min_quantity,
            min_notional=self.min_notional,
        )


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit as the exchange states it: ``limit`` units of ``kind`` (weight, orders) in ``interval_ms``."""

    kind: str
    interval_ms: int
    limit: int


class ExchangeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's rule book. ``symbols`` by name."""

    time: int
    symbols: dict[str, SymbolRules]
    limits: tuple[RateLimit, ...]


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """A candle of a symbol; ``closed`` False while it still runs. ``taker_volume``: base volume of aggressive buyers."""

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


#: (price in USDT, quantity in base currency).
Level = tuple[float, float]


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of the book: best first. ``last_update``: the id that the diff stream continues from."""

    symbol: str
    time: int
    last_update: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookTicker(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and ask. ``update``: the book update it belongs to; 0 when the exchange does not say."""

    symbol: str
    time: int
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    update: int = 0


class AggTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One aggressive order's fills at one price. ``buyer_maker``: the aggressor sold."""

    symbol: str
    id: int
    price: float
    quantity: float
    time: int
    buyer_maker: bool


class MarkPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Mark and index price with the running funding period: its rate so far, and when it is paid (RISK-6)."""

    symbol: str
    time: int
    mark: Decimal
    index: Decimal
    funding_rate: Decimal
    next_funding: int


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """A funding that was paid: longs pay ``rate`` of the notional at ``mark`` when it is positive. ``mark`` 0 = not told."""

    symbol: str
    time: int
    rate: Decimal
    mark: Decimal = Decimal(0)


class FundingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How often a symbol pays funding, hours, and the bounds of its rate. The exchange may change them at short notice."""

    symbol: str
    interval_hours: int
    cap: Decimal
    floor: Decimal
