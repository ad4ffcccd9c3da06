"""Recorded stream messages play as they were recorded."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from simulator.market.funding import ConstantFunding
from simulator.tape.events import MarketTrade, Quote
from simulator.tape.grid import Grid
from simulator.tape.recorded import RecordedTicks
from simulator.tape.settings import TapeSettings
from simulator.tape.tape_market import TapeMarket
from simulator.tape.tick_source import NoMarket

GRID = Grid.of("BTCUSDT", Decimal("0.10"), Decimal("0.001"), 2, 3)


def test_quotes_and_trades_are_the_recorded_ones(market_data: Path) -> None:
    """DATA-1: the first five thousand messages, number for number, at the exchange's times."""
    path = market_data / "ticks" / "btcusdt_20240808.gz"
    source = RecordedTicks({"BTCUSDT": path}, {"BTCUSDT": GRID})
    with gzip.open(path, "rt") as lines:
        bodies = [json.loads(line.split(" ", 1)[1]).get("data", {}) for line in islice(lines, 5_000)]
    expected = [body for body in bodies if body.get("e") == "bookTicker" or body.get("X") == "MARKET"]
    for tick, body in zip(source.ticks(), expected, strict=False):
        if isinstance(tick, Quote):
            assert (GRID.print_price(tick.bid), GRID.print_quantity(tick.bid_quantity)) == (body["b"], body["B"])
            assert (GRID.print_price(tick.ask), GRID.print_quantity(tick.ask_quantity)) == (body["a"], body["A"])
        else:
            assert (GRID.print_price(tick.price), GRID.print_quantity(tick.quantity)) == (body["p"], body["q"])
            assert tick.buyer_is_maker == body["m"]


def test_the_recorded_book_is_deep_and_never_crossed(market_data: Path) -> None:
    """DATA-8: snapshot and differences give a book around the quote at any time."""
    path = market_data / "ticks" / "btcusdt_20240808.gz"
    source = RecordedTicks({"BTCUSDT": path}, {"BTCUSDT": GRID})
    market = TapeMarket(source, {"BTCUSDT": GRID}, ConstantFunding(("BTCUSDT",)), TapeSettings())
    trades = 0
    for step in range(1, 31):
        trades += sum(isinstance(event, MarketTrade) for event in market.advance(source.start + step * 1_000))
        book, quote = market["BTCUSDT"].book(market.time), market["BTCUSDT"].quote
        assert (max(book.bids), min(book.asks)) == (quote.bid, quote.ask)
        assert quote.bid < quote.ask
    assert trades > 100
    assert len(book.bids) > 900


def test_a_file_without_quotes_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "empty.gz"
    path.write_bytes(gzip.compress(b""))
    with pytest.raises(NoMarket, match=r"empty\.gz"):
        RecordedTicks({"BTCUSDT": path}, {"BTCUSDT": GRID})
