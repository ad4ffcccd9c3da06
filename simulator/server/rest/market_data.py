"""Market-data endpoints; none of them needs an API key (docs/binance.md §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from shared.domain.timeframes import DAY, MINUTE
from shared.exchange.error_codes import ErrorCode
from simulator.server.parameters import Parameters
from simulator.server.printing import market_events as printed
from simulator.server.printing.numbers import money
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Context, within
from simulator.tape.intervals import INTERVALS
from simulator.tape.tape_market import SymbolMarket

_DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1_000)
#: The only limit that rpiDepth takes.
_RPI_LIMIT: Final = 1_000
_MOST_KLINES: Final = 1_500
_MOST_TRADES: Final = 1_000
_SCHEDULED_DAYS: Final = 9
_HALF_HOUR: Final = 30 * MINUTE
_Hours = tuple[tuple[int, int, str], ...]
#: Sessions of a working day by market: (start, end, type), ms after 00:00 UTC.
_SESSIONS: Final[dict[str, _Hours]] = {
    "EQUITY": (
        (0, 16 * _HALF_HOUR, "OVERNIGHT"),
        (16 * _HALF_HOUR, 27 * _HALF_HOUR, "PRE_MARKET"),
        (27 * _HALF_HOUR, 40 * _HALF_HOUR, "REGULAR"),
        (40 * _HALF_HOUR, DAY, "AFTER_MARKET"),
    ),
    "COMMODITY": ((0, DAY, "REGULAR"),),
}
_CLOSED: Final[_Hours] = ((0, DAY, "NO_TRADING"),)


def ping(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /api/v3/ping`` and ``GET /fapi/v1/ping``."""
    return {}


def time(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /api/v3/time`` and ``GET /fapi/v1/time``."""
    return {"serverTime": context.server_time}


def exchange_info(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/exchangeInfo``."""
    return {**context.session.info, "serverTime": context.server_time}


def klines(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/klines``."""
    return _klines(context.market(parameters), parameters)


def continuous_klines(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/continuousKlines``."""
    parameters.word("contractType", ("PERPETUAL",))
    return _klines(context.market(parameters, "pair"), parameters)


def mark_price_klines(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the last price's klines without volumes: the server keeps no history of the mark price."""
    return [_without_volume(row) for row in klines(context, parameters, caller)]


def index_price_klines(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the last price's klines without volumes: the server keeps no history of the index."""
    return [_without_volume(row) for row in _klines(context.market(parameters, "pair"), parameters)]


def premium_index_klines(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return klines of zero: the simulated mark price is the index, so there is no premium."""
    zero = money(Decimal(0))
    return [[row[0], zero, zero, zero, zero, *_without_volume(row)[5:]] for row in klines(context, parameters, caller)]


def rpi_depth(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/rpiDepth`` with the order book: there are no RPI orders to add."""
    limit = parameters.integer("limit", _RPI_LIMIT)
    if limit != _RPI_LIMIT:
        raise Refused(ErrorCode.INVALID_DEPTH_LIMIT, f"'{limit}' is not valid depth limit.")
    return _depth(context, context.market(parameters), limit)


def index_info(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return an empty list: no composite index is simulated."""
    context.maybe_symbol(parameters)
    return []


def trading_schedule(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return nine days of sessions from yesterday on, by UTC: weekends are closed, no holiday is known.

    They are those of shares and commodities; every simulated symbol trades around the clock.
    """
    now = context.server_time
    first = now - now % DAY - DAY
    markets: dict[str, list[dict[str, Any]]] = {}
    for market, hours in _SESSIONS.items():
        sessions = markets[market] = []
        for day in range(first, first + _SCHEDULED_DAYS * DAY, DAY):
            for start, end, kind in _CLOSED if _is_weekend(day) else hours:
                sessions.append({"startTime": day + start, "endTime": day + end, "type": kind})
    return {"updateTime": now, "marketSchedules": {market: {"sessions": each} for market, each in markets.items()}}


def depth(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/depth``."""
    limit = parameters.integer("limit", 500)
    if limit not in _DEPTH_LIMITS:
        raise Refused(ErrorCode.INVALID_DEPTH_LIMIT, f"'{limit}' is not valid depth limit.")
    return _depth(context, context.market(parameters), limit)


def _depth(context: Context, market: SymbolMarket, limit: int) -> Any:
    now = context.session.time
    book = market.book(now, at_request=True)
    bids, asks = (dict(islice(side.items(), limit)) for side in (book.bids, book.asks))
    return {
        "lastUpdateId": book.update_id,
        "E": now,
        "T": now,
        "bids": printed.levels(bids, market.grid),
        "asks": printed.levels(asks, market.grid),
    }


def trades(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/trades`` and ``GET /fapi/v1/historicalTrades``."""
    market = context.market(parameters)
    limit = max(1, min(parameters.integer("limit", 500), _MOST_TRADES))
    first = parameters.maybe_integer("fromId")
    rows = [trade for trade in market.trades if first is None or trade.id >= first]
    grid = market.grid
    return [
        {
            "id": trade.id,
            "price": grid.print_price(trade.price),
            "qty": grid.print_quantity(trade.quantity),
            "quoteQty": grid.print_quote(trade.price * trade.quantity),
            "time": trade.time,
            "isBuyerMaker": trade.buyer_is_maker,
        }
        for trade in (rows[-limit:] if first is None else rows[:limit])
    ]


def aggregate_trades(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/aggTrades``."""
    market = context.market(parameters)
    first = parameters.maybe_integer("fromId")
    rows = [trade for trade in market.trades if first is None or trade.id >= first]
    limit = max(1, min(parameters.integer("limit", 500), _MOST_TRADES))
    chosen = within(rows, lambda trade: trade.time, parameters, 500, _MOST_TRADES) if first is None else rows[:limit]
    grid = market.grid
    return [
        {
            "a": trade.id,
            "p": grid.print_price(trade.price),
            "q": grid.print_quantity(trade.quantity),
            "nq": grid.print_quantity(trade.quantity),
            "f": trade.id,
            "l": trade.id,
            "T": trade.time,
            "m": trade.buyer_is_maker,
        }
        for trade in chosen
    ]


def premium_index(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/premiumIndex``."""

    def row(market: SymbolMarket) -> dict[str, Any]:
        mark = market.mark
        return {
            "symbol": mark.symbol,
            "markPrice": money(mark.mark),
            "indexPrice": money(mark.index),
            "estimatedSettlePrice": money(mark.mark),
            "lastFundingRate": money(mark.rate),
            "interestRate": "0.00010000",
            "nextFundingTime": mark.next_funding,
            "time": context.session.time,
        }

    return _one_or_all(context, parameters, row)


def funding_rate(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/fundingRate``."""
    symbol = context.maybe_symbol(parameters)
    market = context.session.market
    symbols = market.symbols if symbol is None else (symbol,)
    rows = [each for name in symbols for each in market.settled[name]]
    rows.sort(key=lambda each: each.time)
    return [
        {
            "symbol": each.symbol,
            "fundingTime": each.time,
            "fundingRate": money(each.rate),
            "markPrice": money(each.mark),
        }
        for each in within(rows, lambda each: each.time, parameters, 100, 1_000)
    ]


def funding_info(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/fundingInfo``: the symbols whose funding interval is not the usual one of eight hours."""
    market = context.session.market
    hours = {symbol: market.funding_hours(symbol) for symbol in market.symbols}
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": each,
            "disclaimer": False,
        }
        for symbol, each in hours.items()
        if each in (1, 2, 4)
    ]


def price(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/ticker/price`` and ``GET /fapi/v2/ticker/price``."""

    def row(market: SymbolMarket) -> dict[str, Any]:
        at = market.trades[-1].time if market.trades else context.session.market.start
        return {"symbol": market.symbol, "price": market.grid.print_price(market.last_price), "time": at}

    return _one_or_all(context, parameters, row)


def book_ticker(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/ticker/bookTicker``."""

    def row(market: SymbolMarket) -> dict[str, Any]:
        quote, grid = market.quote, market.grid
        return {
            "symbol": market.symbol,
            "bidPrice": grid.print_price(quote.bid),
            "bidQty": grid.print_quantity(quote.bid_quantity),
            "askPrice": grid.print_price(quote.ask),
            "askQty": grid.print_quantity(quote.ask_quantity),
            "time": quote.time,
        }

    return _one_or_all(context, parameters, row)


def ticker_24h(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/ticker/24hr``."""

    def row(market: SymbolMarket) -> dict[str, Any]:
        last = market.trades[-1].quantity if market.trades else 0
        return printed.ticker_row(market.day(), last, market.grid, context.session.time)

    return _one_or_all(context, parameters, row)


def open_interest(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return a tenth of the day's volume as a stand-in: no other accounts are simulated."""
    market = context.market(parameters)
    held = market.grid.print_quantity(market.day().volume // 10)
    return {"openInterest": held, "symbol": market.symbol, "time": context.session.time}


def _is_weekend(day: int) -> bool:
    """Return True for Saturday and Sunday; ``day``: its first ms. Day 0 of the epoch was a Thursday."""
    return (day // DAY + 3) % 7 >= 5


def _one_or_all(context: Context, parameters: Parameters, row: Callable[[SymbolMarket], dict[str, Any]]) -> Any:
    symbol = context.maybe_symbol(parameters)
    market = context.session.market
    return row(market[symbol]) if symbol is not None else [row(market[each]) for each in market.symbols]


def _without_volume(row: list[Any]) -> list[Any]:
    return [*row[:5], "0", row[6], "0", row[8], "0", "0", "0"]


def _klines(market: SymbolMarket, parameters: Parameters) -> list[Any]:
    interval = parameters.optional("interval")
    if interval not in INTERVALS:
        raise Refused(ErrorCode.BAD_INTERVAL)
    limit = max(1, min(parameters.integer("limit", 500), _MOST_KLINES))
    rows = market.klines.between(interval, parameters.maybe_integer("startTime"), parameters.maybe_integer("endTime"), limit)
    return [printed.kline_row(kline, interval, market.grid) for kline in rows]
