"""Candles added up in columns: those of ingest, bit for bit; and tapes that are left to ingest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.backtest.beside import Settled
from research.backtest.flowing import frame_of
from research.backtest.frames import Frame, Inexact, flawless
from research.backtest.tape import CLOSE, HIGH, LOW, OPEN, VOLUME, Tape
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from shared.domain.candles import CandleBundle, FeedStep
from shared.domain.timeframes import MINUTE, Timeframe
from simulator.market.generator import DEFAULT_START

SYMBOLS = ("BTCUSDT", "ETHUSDT")
FRAMES: tuple[Timeframe, ...] = ("5m", "15m", "1h", "4h", "1d")


def tape_with(minutes: int, start: int, seed: int, digits: int) -> Tape:
    """Random candles; volumes of so many decimals."""
    chance = np.random.default_rng(seed)
    tape = Tape(SYMBOLS, DEFAULT_START + (start + 1) * MINUTE, minutes)
    for columns in tape.columns.values():
        walk = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.002, minutes))), 2)
        columns[OPEN], columns[CLOSE] = walk, np.roll(walk, -1)
        columns[HIGH] = np.round(np.maximum(columns[OPEN], columns[CLOSE]) + chance.integers(0, 9, minutes) / 100, 2)
        columns[LOW] = np.round(np.minimum(columns[OPEN], columns[CLOSE]) - chance.integers(0, 9, minutes) / 100, 2)
        columns[VOLUME] = np.round(chance.lognormal(3, 2, minutes), digits)
    return tape


#: A symbol, the first row and the number of rows without a candle.
HOLES = st.tuples(st.sampled_from(SYMBOLS), st.integers(0, 1_600), st.sampled_from([1, 4, 30, 700]))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1_600), st.integers(0, 3_000), st.integers(0, 1_000), st.integers(0, 8), st.lists(HOLES, max_size=3))
def test_frames_are_the_candles_of_ingest(
    minutes: int, start: int, seed: int, digits: int, holes: list[tuple[str, int, int]]
) -> None:
    """DATA-2, BT-7: every candle of every timeframe, wherever the tape begins and has holes, and what is missing."""
    tape = tape_with(minutes, start, seed, digits)
    for symbol, first, count in holes:
        tape.columns[symbol][:, first : first + count] = np.nan
    assert flawless(tape, IngestSettings().max_move)
    frames = {frame: Frame(tape, SYMBOLS, frame) for frame in FRAMES}
    ingest = IngestCore(0, SYMBOLS, FRAMES, IngestSettings())
    for close_time, candles in tape.steps():
        for bundle in ingest.handle(FeedStep(partition=0, close_time=close_time, candles=candles), close_time):
            if isinstance(bundle, CandleBundle):
                assert frames[bundle.timeframe].bundle(0, close_time) == bundle


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1_600), st.integers(0, 3_000), st.integers(0, 1_000), st.integers(0, 6), st.integers(0, 3))
def test_frames_tell_the_order_flow_and_the_funding_that_ingest_tells(
    minutes: int, start: int, seed: int, digits: int, lacking: int
) -> None:
    """DATA-2, BT-7: sums of what takers bought, to the bit; None where a minute of the candle does not tell."""
    tape, chance = tape_with(minutes, start, seed, digits), np.random.default_rng(seed)
    for symbol, columns in tape.columns.items():
        bought = np.floor(columns[VOLUME] * chance.random(minutes) * 10**digits) / 10**digits
        tape.flows[symbol] = np.stack([bought, chance.integers(0, 10**6, minutes).astype(float)])
        for row in chance.integers(0, minutes, lacking):
            tape.flows[symbol][chance.integers(0, 2), row] = np.nan
        times = tape.first - MINUTE + np.unique(chance.integers(-600, minutes, 4)) * MINUTE
        tape.settled[symbol] = Settled(times, chance.normal(0, 0.001, len(times)))
    frames = {frame: frame_of(tape, SYMBOLS, frame) for frame in FRAMES}
    ingest = IngestCore(0, SYMBOLS, FRAMES, IngestSettings())
    for close_time, candles in tape.steps():
        for bundle in ingest.handle(FeedStep(partition=0, close_time=close_time, candles=candles), close_time):
            if isinstance(bundle, CandleBundle):
                assert frames[bundle.timeframe].bundle(0, close_time) == bundle


@pytest.mark.parametrize(("bought", "trades"), [(1 / 3, 1.0), (0.5, 2.0**53 - 1)], ids=["digits", "trades"])
def test_order_flow_that_no_float_adds_up_is_left_to_ingest(bought: float, trades: float) -> None:
    """DATA-2: sums of floats are not sums of decimals."""
    tape = tape_with(30, 0, 1, 3)
    tape.flows.update({symbol: np.ones((2, 30)) for symbol in SYMBOLS})
    tape.flows["ETHUSDT"][:, 7] = bought, trades
    with pytest.raises(Inexact, match="ETHUSDT"):
        frame_of(tape, SYMBOLS, "5m")


def test_volumes_of_more_digits_than_decimals_are_left_to_ingest() -> None:
    """DATA-2: sums of floats are not sums of decimals."""
    tape = tape_with(30, 0, 1, 3)
    tape.columns["BTCUSDT"][VOLUME, 7] = 1 / 3
    with pytest.raises(Inexact, match="BTCUSDT"):
        Frame(tape, SYMBOLS, "5m")


@pytest.mark.parametrize(
    ("column", "value"),
    [(CLOSE, np.nan), (HIGH, 0.0), (VOLUME, -1.0), (LOW, -1.0), (HIGH, 1e13), (HIGH, 400.0)],
    ids=["no close", "inverted", "negative volume", "negative price", "beyond all prices", "a move of 300 %"],
)
def test_a_tape_with_a_flaw_is_no_flawless_one(column: int, value: float) -> None:
    """DATA-3: what ingest refuses or disputes is ingest's to judge."""
    tape = tape_with(60, 0, 1, 3)
    assert flawless(tape, 0.5)
    tape.columns["ETHUSDT"][column, 40] = value
    assert not flawless(tape, 0.5)


def test_a_move_across_a_hole_is_a_move() -> None:
    """DATA-3: ingest compares with the last close that there was; so it does at the seam of the parts that are looked at."""
    for hole, jump in ((slice(20, 40), 40), (slice(262_140, 262_150), 262_150)):
        tape = Tape(("BTCUSDT",), DEFAULT_START + MINUTE, 262_200)
        columns = tape.columns["BTCUSDT"]
        columns[:4] = 100.0
        columns[VOLUME] = 1.0
        columns[:, hole] = np.nan
        assert flawless(tape, 0.5)
        columns[:4, jump:] = 160.0
        assert not flawless(tape, 0.5)
        assert flawless(tape, 0.7)
