"""Decodes exchangeInfo and tradingSchedule: symbols with their filters, rate limits, sessions. Pure.

Each symbol is read by itself. One that cannot be read is left out with a reason, and every other one stays: a listing of
hundreds of contracts always has some that are new in kind, about to be listed or about to go.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from shared.domain.symbols import is_symbol
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.rest import Wire
from shared.exchange.model.market_data import (
    ExchangeInfo,
    LeftOut,
    RateLimit,
    Session,
    SymbolRules,
    TradingSchedule,
)

_ZERO: Final = Decimal(0)
#: Stands for the upper bound of a filter that the exchange does not state.
_UNBOUNDED: Final = Decimal(10) ** 18
#: Delivery dates from here on (1 January 2100, ms) mean "none": a perpetual is listed with one in the year 2100.
_NEVER: Final = 4_102_444_800_000
_INTERVAL_MS: Final = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}

#: Contracts without an end; those before a company's listing (underlying PREMARKET) are perpetuals too.
PERPETUAL_TYPES: Final = frozenset({"PERPETUAL", "TRADIFI_PERPETUAL", "PERPETUAL_DELIVERING"})
#: Contracts that end on a day named in advance: none of ours, and nothing odd.
DELIVERY_TYPES: Final = frozenset(
    {
        "CURRENT_MONTH",
        "NEXT_MONTH",
        "CURRENT_QUARTER",
        "NEXT_QUARTER",
        "CURRENT_QUARTER_DELIVERING",
        "NEXT_QUARTER_DELIVERING",
    }
)
#: Every status that the exchange documents; orders that increase a position are taken in TRADING only.
STATUSES: Final = frozenset(
    {
        "PENDING_TRADING",
        "TRADING",
        "PRE_DELIVERING",
        "DELIVERING",
        "DELIVERED",
        "PRE_SETTLE",
        "SETTLING",
        "CLOSE",
    }
)


class _RateLimit(Wire, frozen=True, kw_only=True):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _Symbol(Wire, frozen=True, kw_only=True):
    symbol: str
    status: str
    contract_type: str
    base_asset: str
    quote_asset: str
    filters: list[dict[str, Any]]
    onboard_date: int = 0
    delivery_date: int = 0
    underlying_type: str = ""
    liquidation_fee: Decimal = _ZERO
    market_take_bound: Decimal = _ZERO
    trigger_protect: Decimal = _ZERO

    def rules(self) -> SymbolRules:
        """Return the filters. Raises Unreadable if one is missing, or states a number with which no price is possible."""
        by_type = {str(each.get("filterType")): each for each in self.filters}

        def value(filter_type: str, name: str, otherwise: Decimal | None = None) -> Decimal:
            found = by_type.get(filter_type, {}).get(name)
            if found is None:
                if otherwise is None:
                    raise Unreadable(f"has no {filter_type}.{name}")
                return otherwise
            return _number(found, f"{filter_type}.{name}")

        rules = SymbolRules(
            symbol=self.symbol,
            status=self.status,
            contract=self.contract_type,
            base=self.base_asset,
            quote=self.quote_asset,
            tick_size=value("PRICE_FILTER", "tickSize"),
            min_price=value("PRICE_FILTER", "minPrice"),
            max_price=value("PRICE_FILTER", "maxPrice"),
            step_size=value("LOT_SIZE", "stepSize"),
            min_quantity=value("LOT_SIZE", "minQty"),
            max_quantity=value("LOT_SIZE", "maxQty"),
            market_max_quantity=value("MARKET_LOT_SIZE", "maxQty", _UNBOUNDED),
            min_notional=value("MIN_NOTIONAL", "notional", _ZERO),
            price_up=value("PERCENT_PRICE", "multiplierUp", _UNBOUNDED),
            price_down=value("PERCENT_PRICE", "multiplierDown", _ZERO),
            max_orders=int(value("MAX_NUM_ORDERS", "limit", Decimal(200))),
            listed_at=self.onboard_date,
            delivers_at=self.delivery_date if 0 < self.delivery_date < _NEVER else 0,
            underlying=self.underlying_type,
            liquidation_fee=self.liquidation_fee,
            market_take_bound=self.market_take_bound,
            trigger_protect=self.trigger_protect,
        )
        for wrong, text in (
            (
                not all(each.is_finite() for each in (self.liquidation_fee, self.market_take_bound, self.trigger_protect)),
                "liquidationFee, marketTakeBound or triggerProtect is no number",
            ),
            (not rules.tick_size > 0, f"PRICE_FILTER.tickSize is {rules.tick_size}"),
            (not rules.step_size > 0, f"LOT_SIZE.stepSize is {rules.step_size}"),
            (not rules.min_quantity > 0, f"LOT_SIZE.minQty is {rules.min_quantity}"),
            (rules.min_notional < 0, f"MIN_NOTIONAL.notional is {rules.min_notional}"),
            (rules.min_price < 0, f"PRICE_FILTER.minPrice is {rules.min_price}"),
            (rules.max_price < rules.min_price, f"PRICE_FILTER.maxPrice {rules.max_price} is below minPrice"),
            (rules.max_quantity < rules.min_quantity, f"LOT_SIZE.maxQty {rules.max_quantity} is below minQty"),
            (rules.max_orders < 1, f"MAX_NUM_ORDERS.limit is {rules.max_orders}"),
        ):
            if wrong:
                raise Unreadable(text)
        return rules


class Info(Wire, frozen=True, kw_only=True):
    """The answer of GET exchangeInfo. Its symbols are kept as they came, because one of them may not be readable."""

    symbols: list[msgspec.Raw]
    server_time: int = 0
    rate_limits: msgspec.Raw = msgspec.Raw(b"[]")

    def value(self) -> ExchangeInfo:
        """Convert the perpetual contracts. Delivery contracts are skipped; what cannot be read is in ``left_out``."""
        symbols: dict[str, SymbolRules] = {}
        left_out: list[LeftOut] = []
        for place, raw in enumerate(self.symbols):
            name = _name_of(raw, place)
            try:
                rules = _read(raw)
            except Unreadable as error:
                left_out.append(LeftOut(symbol=name, reason=str(error)))
                continue
            if rules is not None and rules.symbol in symbols:
                left_out.append(LeftOut(symbol=name, reason="is listed twice; the first counts"))
            elif rules is not None:
                symbols[rules.symbol] = rules
        limits = _rate_limits(self.rate_limits)
        return ExchangeInfo(time=self.server_time, symbols=symbols, limits=limits, left_out=tuple(left_out))


def _rate_limits(raw: msgspec.Raw) -> tuple[RateLimit, ...]:
    """Read the rate limits, each by itself; of one that cannot be read all is empty. Filters do not depend on them."""
    try:
        rows = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return (RateLimit(kind="", interval_ms=0, limit=0),)
    return tuple(_rate_limit(row) for row in rows)


def _rate_limit(raw: msgspec.Raw) -> RateLimit:
    try:
        row = msgspec.json.decode(raw, type=_RateLimit, strict=False)
        interval_ms = row.interval_num * _INTERVAL_MS[row.interval]
    except (msgspec.DecodeError, KeyError):
        return RateLimit(kind="", interval_ms=0, limit=0)
    return RateLimit(kind=row.rate_limit_type, interval_ms=interval_ms, limit=row.limit)


class _Session(Wire, frozen=True, kw_only=True):
    start_time: int
    end_time: int
    type: str


class _Market(Wire, frozen=True, kw_only=True):
    sessions: tuple[_Session, ...] = ()


class Schedule(Wire, frozen=True, kw_only=True):
    """The answer of GET tradingSchedule."""

    market_schedules: dict[str, _Market]
    update_time: int = 0

    def value(self) -> TradingSchedule:
        """Convert it. Raises Unreadable for a session without length, or outside the years 1970 to 2100."""
        markets = {}
        for name, market in self.market_schedules.items():
            sessions = [Session(start=each.start_time, end=each.end_time, kind=each.type) for each in market.sessions]
            for each in sessions:
                if not 0 <= each.start < each.end < _NEVER:
                    raise Unreadable(f"tradingSchedule: a session of {name} is from {each.start} to {each.end}")
            markets[name] = tuple(sorted(sessions, key=lambda session: session.start))
        return TradingSchedule(time=self.update_time, markets=markets)


def _read(raw: msgspec.Raw) -> SymbolRules | None:
    """Return a symbol's rules; None for a delivery contract. Raises Unreadable with what is wrong."""
    try:
        symbol = msgspec.json.decode(raw, type=_Symbol, strict=False)
    except msgspec.DecodeError as error:
        raise Unreadable(str(error)) from error
    contract = symbol.contract_type.replace(" ", "_")
    if contract in DELIVERY_TYPES:
        return None
    if not is_symbol(symbol.symbol):
        raise Unreadable("its name has characters that no symbol has")
    if contract not in PERPETUAL_TYPES:
        raise Unreadable(f"contract type {symbol.contract_type!r} is not one that the exchange documents")
    if symbol.status not in STATUSES:
        raise Unreadable(f"status {symbol.status!r} is not one that the exchange documents")
    return symbol.rules()


def _name_of(raw: msgspec.Raw, place: int) -> str:
    """Return the symbol's name as far as it can be read, else its place in the list."""
    try:
        row: Any = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        row = None
    name = row.get("symbol") if isinstance(row, dict) else None
    return name if isinstance(name, str) and name else f"symbol number {place + 1}"


def _number(value: object, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Unreadable(f"{name} is {value!r}, which is no number") from None
    if not number.is_finite() or abs(number) > _UNBOUNDED:
        raise Unreadable(f"{name} is {value!r}, which is no price or quantity")
    return number
