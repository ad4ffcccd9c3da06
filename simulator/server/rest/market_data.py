"""Market data: what needs no key (binance.md §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from simulator.server.parameters import Parameters
from simulator.server.printing import market_events as said
from simulator.server.printing.numbers import money
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Desk, within
from simulator.tape.intervals import INTERVALS
from simulator.tape.market import SymbolMarket

_DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1_000)
_MOST_KLINES: Final = 1_500
_MOST_TRADES: Final = 1_000


def ping(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {}


def time(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {"serverTime": desk.server_time}


def exchange_info(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {**desk.exchange.info, "serverTime": desk.server_time}


def klines(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return _klines(desk.market(parameters), parameters)


def continuous_klines(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    parameters.word("contractType", ("PERPETUAL",))
    return _klines(desk.market(parameters, "pair"), parameters)


def mark_price_klines(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """The klines of the last price without volumes: the mark follows it closely here."""
    return [[*row[:5], "0", row[6], "0", row[8], "0", "0", "0"] for row in klines(desk, parameters, caller)]


def depth(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    limit = parameters.integer("limit", 500)
    if limit not in _DEPTH_LIMITS:
        raise Refused(-4021, f"'{limit}' is not valid depth limit.")
    market = desk.market(parameters)
    now = desk.exchange.time
    book = market.book(now, at_request=True)
    bids, asks = (dict(islice(side.items(), limit)) for side in (book.bids, book.asks))
    return {
        "lastUpdateId": book.update_id,
        "E": now,
        "T": now,
        "bids": said.levels(bids, market.grid),
        "asks": said.levels(asks, market.grid),
    }


def trades(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    market = desk.market(parameters)
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


def aggregate_trades(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    market = desk.market(parameters)
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
            "f": trade.id,
            "l": trade.id,
            "T": trade.time,
            "m": trade.buyer_is_maker,
        }
        for trade in chosen
    ]


def premium_index(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
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
            "time": desk.exchange.time,
        }

    return _one_or_all(desk, parameters, row)


def funding_rate(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol = desk.maybe_symbol(parameters)
    market = desk.exchange.market
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


def funding_info(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """Only symbols whose interval or cap was adjusted are listed: none here."""
    return []


def price(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    def row(market: SymbolMarket) -> dict[str, Any]:
        at = market.trades[-1].time if market.trades else desk.exchange.market.start
        return {"symbol": market.symbol, "price": market.grid.print_price(market.last_price), "time": at}

    return _one_or_all(desk, parameters, row)


def book_ticker(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
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

    return _one_or_all(desk, parameters, row)


def ticker_24h(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    def row(market: SymbolMarket) -> dict[str, Any]:
        last = market.trades[-1].quantity if market.trades else 0
        return said.ticker_row(market.day(), last, market.grid, desk.exchange.time)

    return _one_or_all(desk, parameters, row)


def open_interest(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """A tenth of the day's volume: nobody else holds anything here."""
    market = desk.market(parameters)
    held = market.grid.print_quantity(market.day().volume // 10)
    return {"openInterest": held, "symbol": market.symbol, "time": desk.exchange.time}


def _one_or_all(desk: Desk, parameters: Parameters, row: Callable[[SymbolMarket], dict[str, Any]]) -> Any:
    symbol = desk.maybe_symbol(parameters)
    market = desk.exchange.market
    return row(market[symbol]) if symbol is not None else [row(market[each]) for each in market.symbols]


def _klines(market: SymbolMarket, parameters: Parameters) -> list[Any]:
    interval = parameters.optional("interval")
    if interval not in INTERVALS:
        raise Refused(-1120, "Invalid interval.")
    limit = max(1, min(parameters.integer("limit", 500), _MOST_KLINES))
    rows = market.klines.between(interval, parameters.maybe_integer("startTime"), parameters.maybe_integer("endTime"), limit)
    return [said.kline_row(kline, interval, market.grid) for kline in rows]
