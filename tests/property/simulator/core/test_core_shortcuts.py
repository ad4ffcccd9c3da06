"""Shortcuts of the matching core against the long way: the same events and the same state, whatever the market does."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.candles import RawCandle
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin import liquidation
from simulator.core.matching import quiet_band
from simulator.core.model.events import Liquidation, MarginCall
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import SymbolBook
from tests.support.simulator.core_trader import BTC, ETH, CoreTrader

MINUTE = 60_000
#: What is held of each symbol: at ten times, 900 is near to all that the wallet carries.
HELD = st.sampled_from([0, 40, -40, 300, -300, 450, -450])
#: 900 long fall to 89.3 USDT, where the margin is called; funding takes the rest of it a minute later.
FALL = [(-0.1, 0.0), (-0.00778, 0.0), (0.0, 0.0), (-0.01, 0.0)]
#: The part by which each minute moves the prices.
MOVES = st.lists(st.tuples(st.floats(-0.04, 0.04), st.floats(-0.04, 0.04)), min_size=1, max_size=12)


def candle(symbol: str, begin: float, end: float, at: int) -> RawCandle:
    low, high = min(begin, end), max(begin, end)
    return RawCandle(
        symbol=symbol, open_time=at - MINUTE, open=begin, high=high, low=low, close=end, volume=1e6
    )  # fmt: skip


def holding(btc: int, eth: int) -> CoreTrader:
    trader = CoreTrader()
    for symbol, quantity in ((BTC, btc), (ETH, eth)):
        if quantity:
            (trader.buy if quantity > 0 else trader.sell)(abs(quantity), symbol=symbol)
    trader.core.take_events()
    return trader


def played(btc: int, eth: int, moves: list[tuple[float, float]], *, ahead: bool) -> tuple[list[object], bytes]:
    """What a market does to a core. ahead: the bands of each minute are asked for before it."""
    core, told = holding(btc, eth).core, list[object]()
    prices = {BTC: 100.0, ETH: 100.0}
    for minute, parts in enumerate(moves, 1):
        at, candles = minute * MINUTE, []
        if ahead:
            quiet_band.foresee(core.state, [book for book in core.state.books.values() if book.open_legs()])
        for symbol, part in zip((BTC, ETH), parts, strict=True):
            begin = prices[symbol]
            prices[symbol] = round(begin * (1 + part), 1)
            candles.append(candle(symbol, begin, prices[symbol], at))
        core.on_candles(candles, at)
        core.on_fundings({BTC: Decimal("0.001")} if minute % 3 == 0 else {}, at)
        told += core.take_events()
    return told, core.snapshot()


@settings(max_examples=60, deadline=None)
@given(HELD, HELD, MOVES)
@example(900, 0, FALL)
def test_bands_that_are_asked_for_ahead_change_nothing(btc: int, eth: int, moves: list[tuple[float, float]]) -> None:
    """BT-7: also a margin call comes when it would have come."""
    assert played(btc, eth, moves, ahead=True) == played(btc, eth, moves, ahead=False)


@settings(max_examples=60, deadline=None)
@given(HELD, HELD, MOVES)
@example(900, 0, FALL)
def test_a_sweep_inside_the_bands_would_have_found_nothing(btc: int, eth: int, moves: list[tuple[float, float]]) -> None:
    """BT-1."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(liquidation, "sweep_outside_bands", liquidation.sweep)
        whole = played(btc, eth, moves, ahead=False)
    assert played(btc, eth, moves, ahead=False) == whole


def test_these_markets_call_margins_and_liquidate() -> None:
    """Else both properties would prove nothing."""
    told, _ = played(900, 0, FALL, ahead=True)
    assert {MarginCall, Liquidation} <= {type(each) for each in told}


def test_a_foresight_that_keeps_its_margin_call_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen: the call is told a minute early."""
    long_way = played(900, 0, FALL, ahead=False)
    monkeypatch.setattr(quiet_band, "foresee", _computed)
    assert played(900, 0, FALL, ahead=True) != long_way


def test_a_sweep_that_is_left_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen: funding takes what kept the position, and nobody looks."""
    core = holding(900, 0).core
    core.on_candles([candle(BTC, 100.0, 89.4, MINUTE)], MINUTE)
    monkeypatch.setattr(liquidation, "sweep_outside_bands", lambda state: None)
    assert not _liquidated_by_funding(core)
    monkeypatch.undo()
    core = holding(900, 0).core
    core.on_candles([candle(BTC, 100.0, 89.4, MINUTE)], MINUTE)
    assert _liquidated_by_funding(core)


def _liquidated_by_funding(core: ExchangeCore) -> bool:
    core.on_fundings({BTC: Decimal("0.01")}, 2 * MINUTE)
    return any(isinstance(each, Liquidation) for each in core.take_events())


def _computed(state: ExchangeState, books: Iterable[SymbolBook]) -> bool:
    """As ``foresee``, and a margin call stays."""
    for book in books:
        quiet_band.compute(state, book)
    return True
