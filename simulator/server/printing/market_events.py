"""Converts market data to stream messages and REST rows (docs/binance.md §4.2, §4.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator.server.printing.numbers import money
from simulator.tape.day import Day
from simulator.tape.events import Mark, MarketTrade, Quote
from simulator.tape.grid import Grid
from simulator.tape.intervals import closes_at
from simulator.tape.klines import Kline


def kline_body(kline: Kline, interval: str, grid: Grid, *, closed: bool) -> dict[str, Any]:
    """Return the field ``k`` of a kline event."""
    return {
        "t": kline.open_time,
        "T": closes_at(kline.open_time, interval) - 1,
        "s": grid.symbol,
        "i": interval,
        "f": kline.first_trade,
        "L": kline.last_trade,
        "o": grid.print_price(kline.open),
        "c": grid.print_price(kline.close),
        "h": grid.print_price(kline.high),
        "l": grid.print_price(kline.low),
        "v": grid.print_quantity(kline.volume),
        "n": kline.trades,
        "x": closed,
        "q": grid.print_quote(kline.turnover),
        "V": grid.print_quantity(kline.taker_volume),
        "Q": grid.print_quote(kline.taker_turnover),
        "B": "0",
    }


def kline(body: dict[str, Any], now: int) -> dict[str, Any]:
    """Return a kline event. ``body``: from ``kline_body``; ``now``: event time, ms."""
    return {"e": "kline", "E": now, "s": body["s"], "k": body}


def continuous_kline(body: dict[str, Any], now: int) -> dict[str, Any]:
    """Return a continuous_kline event: ``body`` without its symbol, and the pair outside of it."""
    inner = {name: value for name, value in body.items() if name != "s"}
    return {"e": "continuous_kline", "E": now, "ps": body["s"], "ct": "PERPETUAL", "k": inner}


def kline_row(kline: Kline, interval: str, grid: Grid) -> list[Any]:
    """Return a row of ``GET klines``."""
    return [
        kline.open_time,
        grid.print_price(kline.open),
        grid.print_price(kline.high),
        grid.print_price(kline.low),
        grid.print_price(kline.close),
        grid.print_quantity(kline.volume),
        closes_at(kline.open_time, interval) - 1,
        grid.print_quote(kline.turnover),
        kline.trades,
        grid.print_quantity(kline.taker_volume),
        grid.print_quote(kline.taker_turnover),
        "0",
    ]


def aggregate_trade(trade: MarketTrade, grid: Grid, now: int) -> dict[str, Any]:
    """Return an aggTrade event; every single trade counts as an aggregate of its own."""
    quantity = grid.print_quantity(trade.quantity)
    return {
        "e": "aggTrade",
        "E": now,
        "a": trade.id,
        "s": trade.symbol,
        "p": grid.print_price(trade.price),
        "q": quantity,
        "nq": quantity,
        "f": trade.id,
        "l": trade.id,
        "T": trade.time,
        "m": trade.buyer_is_maker,
        "st": 1,
    }


def trade(trade: MarketTrade, grid: Grid, now: int) -> dict[str, Any]:
    """Return a trade event. ``now``: event time, ms."""
    return {
        "e": "trade",
        "E": now,
        "T": trade.time,
        "s": trade.symbol,
        "t": trade.id,
        "p": grid.print_price(trade.price),
        "q": grid.print_quantity(trade.quantity),
        "X": "MARKET",
        "m": trade.buyer_is_maker,
        "st": 1,
    }


def book_ticker(quote: Quote, update_id: int, grid: Grid, now: int) -> dict[str, Any]:
    """Return a bookTicker event: best bid and ask with quantities."""
    return {
        "e": "bookTicker",
        "u": update_id,
        "E": now,
        "T": quote.time,
        "s": quote.symbol,
        "ps": quote.symbol,
        "b": grid.print_price(quote.bid),
        "B": grid.print_quantity(quote.bid_quantity),
        "a": grid.print_price(quote.ask),
        "A": grid.print_quantity(quote.ask_quantity),
        "st": 1,
    }


def levels(side: dict[int, int], grid: Grid) -> list[list[str]]:
    """Return [price, quantity] of each level, printed."""
    return [[grid.print_price(price), grid.print_quantity(quantity)] for price, quantity in side.items()]


def depth_update(
    grid: Grid, now: int, first: int, last: int, before: int, bids: dict[int, int], asks: dict[int, int]
) -> dict[str, Any]:
    """Return a depthUpdate event with update ids ``first`` to ``last``; ``before``: ``last`` of the previous message."""
    return {
        "e": "depthUpdate",
        "E": now,
        "T": now,
        "s": grid.symbol,
        "ps": grid.symbol,
        "U": first,
        "u": last,
        "pu": before,
        "b": levels(bids, grid),
        "a": levels(asks, grid),
        "st": 1,
    }


def mark_price(mark: Mark, now: int) -> dict[str, Any]:
    """Return a markPriceUpdate event. ``now``: event time, ms."""
    return {
        "e": "markPriceUpdate",
        "E": now,
        "s": mark.symbol,
        "p": money(mark.mark),
        "ap": money(mark.mark),
        "i": money(mark.index),
        "P": money(mark.mark),
        "r": money(mark.rate),
        "T": mark.next_funding,
        "st": 1,
    }


def ticker(day: Day, last_quantity: int, grid: Grid, now: int) -> dict[str, Any]:
    """Return a 24hrTicker event."""
    change, percent, average = _change(day, grid)
    return {
        "e": "24hrTicker",
        "E": now,
        "s": grid.symbol,
        "p": change,
        "P": percent,
        "w": average,
        "c": grid.print_price(day.close),
        "Q": grid.print_quantity(last_quantity),
        "o": grid.print_price(day.open),
        "h": grid.print_price(day.high),
        "l": grid.print_price(day.low),
        "v": grid.print_quantity(day.volume),
        "q": grid.print_quote(day.turnover),
        "O": day.open_time,
        "C": now,
        "F": day.first_trade,
        "L": day.last_trade,
        "n": day.trades,
        "st": 1,
    }


def mini_ticker(day: Day, grid: Grid, now: int) -> dict[str, Any]:
    """Return a 24hrMiniTicker event. ``now``: event time, ms."""
    return {
        "e": "24hrMiniTicker",
        "E": now,
        "s": grid.symbol,
        "c": grid.print_price(day.close),
        "o": grid.print_price(day.open),
        "h": grid.print_price(day.high),
        "l": grid.print_price(day.low),
        "v": grid.print_quantity(day.volume),
        "q": grid.print_quote(day.turnover),
        "st": 1,
    }


def ticker_row(day: Day, last_quantity: int, grid: Grid, now: int) -> dict[str, Any]:
    """Return a row of ``GET ticker/24hr``."""
    change, percent, average = _change(day, grid)
    return {
        "symbol": grid.symbol,
        "priceChange": change,
        "priceChangePercent": percent,
        "weightedAvgPrice": average,
        "lastPrice": grid.print_price(day.close),
        "lastQty": grid.print_quantity(last_quantity),
        "openPrice": grid.print_price(day.open),
        "highPrice": grid.print_price(day.high),
        "lowPrice": grid.print_price(day.low),
        "volume": grid.print_quantity(day.volume),
        "quoteVolume": grid.print_quote(day.turnover),
        "openTime": day.open_time,
        "closeTime": now,
        "firstId": day.first_trade,
        "lastId": day.last_trade,
        "count": day.trades,
    }


def _change(day: Day, grid: Grid) -> tuple[str, str, str]:
    """Return price change, price change in percent, and volume-weighted mean price, printed."""
    change = grid.price(day.close) - grid.price(day.open)
    percent = Decimal(day.close - day.open) * 100 / day.open
    average = grid.quote(day.turnover) / grid.quantity(day.volume) if day.volume else grid.price(day.close)
    return f"{change:.{grid.price_digits}f}", f"{percent:.3f}", f"{average:.{grid.price_digits}f}"
