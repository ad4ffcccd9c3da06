"""The columns of a backtest: the very candles of their source, and a hash that tells candles apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from research.backtest.beside import Reads, sound
from research.backtest.tape import tape_of
from services.ingest.files.file_source import FileSource
from shared.domain.candles import RawCandle
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE
from simulator.market.funded_source import FundedSource
from simulator.market.funding import ConstantFunding
from tests.support.ingest.candle_files import START, walk, write_csv

SYMBOLS = ("BTCUSDT", "ETHUSDT")


class Listed:
    """A source of listed candles: symbol → minutes that it has."""

    symbols = SYMBOLS
    first = START + MINUTE

    def __init__(
        self,
        minutes: int,
        present: list[frozenset[int]],
        told: dict[tuple[str, int], CandleFlow] | None = None,
        funding: SettledFunding | None = None,
    ) -> None:
        self._minutes, self._present, self._told, self._funding = minutes, present, told or {}, funding

    @property
    def last(self) -> int:
        return START + self._minutes * MINUTE

    def __len__(self) -> int:
        return self._minutes

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        for row in range(self._minutes):
            opened = START + row * MINUTE
            yield (
                opened + MINUTE,
                tuple(
                    RawCandle(
                        symbol=symbol, open_time=opened, open=1.1 + row, high=3.3 + row, low=0.1 + place, close=2.0 + row,
                        volume=row / 7, flow=self._told.get((symbol, row)), funding=self._funding,
                    )
                    for place, symbol in enumerate(self.symbols)
                    if row in self._present[place]
                ),
            )  # fmt: skip


@given(st.integers(1, 40), st.lists(st.frozensets(st.integers(0, 39)), min_size=2, max_size=2))
@settings(max_examples=40, deadline=None)
def test_a_tape_plays_the_candles_of_its_source(minutes: int, present: list[frozenset[int]]) -> None:
    """BT-1: holes stay holes, and no number changes."""
    source = Listed(minutes, present)
    tape = tape_of(source)
    assert (tape.first, tape.last, len(tape), tape.symbols) == (source.first, source.last, minutes, SYMBOLS)
    assert list(tape.steps()) == list(source.steps())
    assert [(tape.close_time(row), tape.candles(row)) for row in range(minutes)] == list(source.steps())


def test_files_are_read_in_columns_into_the_candles_that_they_play(tmp_path: Path) -> None:
    """BT-7: one reader of files, two forms."""
    files = {symbol: write_csv(tmp_path / f"{symbol}.csv", walk(seed, 3_000)) for seed, symbol in enumerate(SYMBOLS)}
    source = FileSource(files, START + 7 * MINUTE, START + 2_999 * MINUTE)
    assert list(tape_of(source).steps()) == list(source.steps())


EVERYTHING = Reads(flow=True, funding=True)


@given(st.integers(1, 40), st.lists(st.frozensets(st.integers(0, 39)), min_size=2, max_size=2), st.randoms())
@settings(max_examples=40, deadline=None)
def test_a_tape_keeps_what_candles_tell_beside_prices(minutes: int, present: list[frozenset[int]], draw: Random) -> None:
    """BT-1: what is not known stays so, and flow that cannot be is left out, as ingest leaves it out."""
    told = {
        (symbol, row): CandleFlow(
            taker_bought=draw.choice([None, 0.0, row / 14, row / 7]), trades=draw.choice([None, 0, 12]),
        )
        for symbol in SYMBOLS
        for row in range(minutes)
        if draw.random() < 0.8
    }  # fmt: skip
    rates = ConstantFunding(("BTCUSDT",), "-0.0003", hours=1)
    source = FundedSource(Listed(minutes, present, told), rates)
    tape = tape_of(source, reads=EVERYTHING)
    nothing = CandleFlow()
    expected = [
        (at, tuple(structs.replace(each, flow=None if each.flow == nothing else each.flow) for each in candles))
        for at, candles in source.steps()
    ]
    assert list(tape.steps()) == expected
    assert [(tape.close_time(row), tape.candles(row)) for row in range(minutes)] == expected
    part = tape.part(minutes // 3, minutes)
    assert list(part.steps()) == expected[minutes // 3 :]


def test_a_funding_that_a_candle_tells_itself_is_kept() -> None:
    """RISK-6: a recording knows better than a constant rate."""
    known = SettledFunding(rate=0.002, time=START)
    source = Listed(3, [frozenset(range(3)), frozenset()], funding=known)
    assert [each.funding for _, (each,) in tape_of(source, reads=EVERYTHING).steps()] == [known] * 3
    assert [each.funding for _, (each,) in tape_of(source).steps()] == [None] * 3, "nobody asked"


def test_unsound_flow_is_not_known() -> None:
    """DATA-3: takers cannot buy more than was traded, and NaN is no number."""
    volume = np.array([1.0, 1.0, 1.0, 1.0])
    flow = np.array([[2.0, -1.0, 0.5, np.nan], [1.0, 1.0, -1.0, 7.0]])
    assert np.array_equal(sound(volume, flow), [[np.nan] * 4, [np.nan, np.nan, np.nan, 7.0]], equal_nan=True)


def test_files_with_order_flow_are_read_in_columns_into_the_candles_that_they_play(tmp_path: Path) -> None:
    """BT-7: also where a row does not tell, or tells of more than was traded by the last digit."""
    header, *rows = write_csv(tmp_path / "plain.csv", walk(3, 200)).read_text().splitlines()
    volumes = [float(row.split(",")[5]) for row in rows]
    extra = [f"{volume * ((place % 5) / 4):.9g},{place % 7}" for place, volume in enumerate(volumes)]
    extra[4], extra[50] = ",", ",5"
    text = [f"{header},taker_buy_volume,trades", *(f"{row},{more}" for row, more in zip(rows, extra, strict=True))]
    path = tmp_path / "flow.csv"
    path.write_text("\n".join([*text, ""]))
    source = FileSource({"BTCUSDT": path})
    tape = tape_of(source, reads=EVERYTHING)
    assert list(tape.steps()) == list(source.steps())
    assert np.isnan(tape.flows["BTCUSDT"][0]).sum() >= 2
    assert len(tape.settled["BTCUSDT"].times) == 0


def test_the_hash_tells_apart_what_is_kept_beside_candles() -> None:
    """BT-1: another flow or another rate is other data; where nobody reads them, it is not."""
    whole = frozenset(range(5))
    told = {(symbol, row): CandleFlow(taker_bought=0.0) for symbol in SYMBOLS for row in range(5)}
    plain, flowing = Listed(5, [whole, whole]), Listed(5, [whole, whole], told)
    cheap, dear = (FundedSource(plain, ConstantFunding(SYMBOLS, rate)) for rate in ("0.0001", "0.0002"))
    assert tape_of(flowing).digest("BTCUSDT") == tape_of(plain).digest("BTCUSDT")
    digests = {tape_of(each, reads=EVERYTHING).digest("BTCUSDT") for each in (plain, flowing, cheap, dear)}
    assert len(digests) == 4


def test_the_hash_tells_candles_and_their_times_apart() -> None:
    """BT-1: two runs of one hash were played on the same candles."""
    whole = frozenset(range(5))
    tape = tape_of(Listed(5, [whole, whole]))
    assert tape.digest("BTCUSDT") == tape_of(Listed(5, [whole, whole])).digest("BTCUSDT")
    assert tape.digest("BTCUSDT") != tape_of(Listed(5, [frozenset({0, 1, 2, 3}), whole])).digest("BTCUSDT")
    assert tape.digest("BTCUSDT") != tape_of(Listed(6, [whole, whole])).digest("BTCUSDT")
    tape.columns["BTCUSDT"][0, 2] += 1e-9
    assert tape.digest("BTCUSDT") != tape_of(Listed(5, [whole, whole])).digest("BTCUSDT")
