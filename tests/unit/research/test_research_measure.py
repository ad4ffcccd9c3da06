"""What a signal would have done, as tiny tables; and the counts of a data set (SIG-7, SIG-8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from research.decisions import Deciding
from research.measure.counting import Measuring, Origin, percentile
from research.measure.following import LONGEST_MS, Following
from research.measure.record import Measured, MeasuredSet, encode, read
from services.analysis.settings import AnalysisSettings
from services.ingest.settings import IngestSettings
from services.signals.contract import Answer
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.view import MarketView
from shared.config.settings import CommonSettings
from shared.domain.candles import RawCandle
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.scenes import DAWN
from tests.support.signals.stage import MIDDLE

#: Open, high, low, close of a minute; None = it has no candle.
Row = tuple[float, float, float, float] | None
FLAT: Row = (100.0, 100.5, 99.5, 100.0)
TARGET: Row = (100.0, 104.5, 100.0, 104.0)
HALF: Row = (100.0, 102.5, 100.5, 102.0)
STOP: Row = (100.0, 100.5, 97.5, 98.0)
BOTH: Row = (100.0, 104.5, 97.5, 104.0)
BACK: Row = (102.0, 102.0, 99.875, 100.5)
MARKET = MarketEntry(price=100.0)
LIMIT = LimitEntry(price=99.0, rests_until=DAWN + 3 * MINUTE)
VOIDED = LimitEntry(price=99.0, rests_until=DAWN + 3 * MINUTE, void_at=104.0)
LADDER = {"exits": (Exit(price=102.0, share=0.5), Exit(price=104.0, share=0.5)), "break_even_after": 1}


def bought(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "id": "s", "symbol": "BTCUSDT", "strategy": "ob_fvg", "side": "BUY", "entry": MARKET, "stop": 98.0,
        "exits": (Exit(price=104.0),), "score": 1.0, "close_time": DAWN, "valid_until": DAWN + MINUTE, "rests_on": (),
        "why": "",
    }  # fmt: skip
    return Signal(**(fields | changes))


def sold(signal: Signal) -> Signal:
    """Upside down around ``MIDDLE``."""
    exits = tuple(Exit(price=2 * MIDDLE - each.price, share=each.share) for each in signal.exits)
    entry = msgspec.structs.replace(signal.entry, price=2 * MIDDLE - signal.entry.price)
    if isinstance(entry, LimitEntry) and entry.void_at is not None:
        entry = msgspec.structs.replace(entry, void_at=2 * MIDDLE - entry.void_at)
    return msgspec.structs.replace(signal, side="SELL", stop=2 * MIDDLE - signal.stop, entry=entry, exits=exits)


def turned(row: Row) -> Row:
    return None if row is None else (2 * MIDDLE - row[0], 2 * MIDDLE - row[2], 2 * MIDDLE - row[1], 2 * MIDDLE - row[3])


def raw(at: int, row: Row, symbol: str = "BTCUSDT") -> RawCandle | None:
    if row is None:
        return None
    opened, high, low, close = row
    return RawCandle(symbol=symbol, open_time=at - MINUTE, open=opened, high=high, low=low, close=close, volume=1.0)


def followed(signal: Signal, rows: list[Row]) -> Following:
    one = Following(signal)
    for number, row in enumerate(rows, start=1):
        at = signal.close_time + number * MINUTE
        one.minute(at, raw(at, row))
    return one


#: signal, minutes after its close, what becomes of it, minutes held.
CASES: dict[str, tuple[Signal, list[Row], str, int]] = {
    "the target in the third minute": (bought(), [FLAT, FLAT, TARGET, FLAT], "ended", 3),
    "the stop in the first": (bought(), [STOP], "ended", 1),
    "the stop wins a tie": (bought(**LADDER), [FLAT, BOTH], "ended", 2),
    "still held": (bought(), [FLAT, FLAT], "held", 0),
    "no candle while the signal lives": (bought(), [None, FLAT], "expired", 0),
    "a minute without a candle while it is held": (bought(), [FLAT, None, TARGET], "ended", 3),
    "half of the ladder": (bought(**LADDER), [FLAT, HALF, (101.0, 101.0, 100.25, 100.5)], "held", 0),
    "the ladder in one candle": (bought(**LADDER), [TARGET], "ended", 1),
    "half, then back to the entry": (bought(**LADDER), [FLAT, HALF, BACK], "ended", 3),
    "back to the entry without the move of the stop": (
        bought(**LADDER | {"break_even_after": 0}), [FLAT, HALF, BACK], "held", 0,
    ),
    "closed by the clock": (bought(close_by=DAWN + 2 * MINUTE), [FLAT, FLAT, FLAT], "ended", 2),
    "closed by the clock in a gap": (bought(close_by=DAWN + 2 * MINUTE), [FLAT, None], "ended", 2),
    "what the exits leave rides on": (bought(exits=(Exit(price=104.0, share=0.5),)), [FLAT, TARGET, FLAT, STOP], "ended", 4),
    "a limit that is not reached": (bought(entry=LIMIT), [FLAT, FLAT, FLAT, STOP], "expired", 0),
    "a limit in its last minute": (bought(entry=LIMIT), [FLAT, FLAT, (100.0, 100.5, 99.0, 100.0), TARGET], "ended", 2),
    "a limit that price voids": (bought(entry=VOIDED), [FLAT, TARGET, (100.0, 100.5, 98.5, 99.0)], "voided", 0),
    "a limit in the candle that would void it": (bought(entry=VOIDED), [(100.0, 104.5, 98.5, 104.0), FLAT], "held", 0),
    "a limit still resting": (bought(entry=LIMIT), [FLAT, FLAT], "waiting", 0),
    "a limit's target in the candle that fills it": (bought(entry=LIMIT), [(100.0, 104.5, 98.5, 104.0), FLAT], "held", 0),
    "a limit's stop in the candle that fills it": (bought(entry=LIMIT), [FLAT, STOP], "ended", 1),
}  # fmt: skip


@pytest.mark.parametrize(("signal", "rows", "stage", "minutes"), CASES.values(), ids=CASES.keys())
def test_a_signal_is_followed_as_the_table_says_long_and_short(signal, rows, stage, minutes) -> None:
    """SIG-7."""
    for one in (followed(signal, rows), followed(sold(signal), [turned(row) for row in rows])):
        assert (one.stage, one.minutes) == (stage, minutes)


def test_a_position_is_followed_for_thirty_days_at_most() -> None:
    """Invariant 6: what is followed is bounded."""
    one = Following(bought())
    stages = [one.minute(at, raw(at, FLAT)) for at in range(DAWN + MINUTE, DAWN + LONGEST_MS + 2 * MINUTE, MINUTE)]
    assert stages.index("cut") == LONGEST_MS // MINUTE - 1
    assert set(stages[: stages.index("cut")]) == {"held"}


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [([], None, None), ([7], 7, 7), ([1, 2], 1, 2), (list(range(1, 11)), 5, 9), ([5] * 99 + [1], 5, 5)],
)
def test_percentiles_are_nearest_ranks(values: list[int], median: int | None, p90: int | None) -> None:
    counts = Counter(values)
    assert (percentile(counts, 50), percentile(counts, 90)) == (median, p90)


class Table:
    """A source of a table: each row is a minute of each symbol."""

    def __init__(self, **rows: list[Row]) -> None:
        self.symbols = tuple(rows)
        self._rows = rows
        self.first, self.last = DAWN + MINUTE, DAWN + len(self) * MINUTE

    def __len__(self) -> int:
        return max(map(len, self._rows.values()))

    def steps(self) -> Any:
        for number in range(len(self)):
            at = DAWN + (number + 1) * MINUTE
            found = [raw(at, rows[number], symbol) for symbol, rows in self._rows.items()]
            yield at, tuple(each for each in found if each is not None)


ORIGIN = Origin("set", "0", True, "ict measure", {"BTCUSDT": "btc.csv", "ETHUSDT": "eth.csv"})


def measured(source: Table, *names: str) -> MeasuredSet:
    signals = SignalsSettings(strategies=names, drill=True)
    common = CommonSettings.model_validate({"symbols": source.symbols})
    deciding = Deciding(common, IngestSettings(), AnalysisSettings(), signals)
    measuring = Measuring(deciding, signals.enabled(), source)
    assert list(measuring.minutes()) == list(range(source.first, source.last + 1, MINUTE))
    return measuring.result(ORIGIN)


ROWS: list[Row] = [FLAT, FLAT, None, FLAT, FLAT]


def test_a_tiny_market_is_counted_by_hand() -> None:
    """SIG-8: five minutes of two symbols, one without its third candle."""
    found = measured(Table(BTCUSDT=ROWS, ETHUSDT=[FLAT] * 5), "every_close")
    bitcoin, ether = found.strategies
    assert (bitcoin.closes, bitcoin.longs + bitcoin.shorts, bitcoin.chosen) == (5, 4, 4)
    assert bitcoin.reasons == {"data_missing": 1}
    assert (ether.closes, ether.longs + ether.shorts, ether.reasons, ether.errors) == (5, 5, {}, 0)
    # 1st close: the 2nd minute fills it. 2nd: there is no 3rd minute. 4th: the 5th fills it. 5th: no minute follows.
    assert (bitcoin.filled, bitcoin.expired, bitcoin.waiting, bitcoin.limits) == (2, 1, 1, 0)
    assert (ether.filled, ether.expired, ether.waiting) == (4, 0, 1)
    # The range of each minute reaches the stop, 0.2 % away.
    assert [(each.ended, each.held, each.median_minutes, each.p90_minutes) for each in found.strategies] == [
        (2, 0, 1, 1),
        (4, 0, 1, 1),
    ]
    assert [(each.symbol, each.file, each.first, each.last, each.candles, each.missing) for each in found.symbols] == [
        ("BTCUSDT", "btc.csv", DAWN + MINUTE, DAWN + 5 * MINUTE, 4, 1),
        ("ETHUSDT", "eth.csv", DAWN + MINUTE, DAWN + 5 * MINUTE, 5, 0),
    ]


def test_a_strategy_that_fails_is_counted_as_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIG-8: and the others are measured as ever."""

    def fails(view: MarketView, settings: Any) -> Answer:
        raise KeyError("price")

    rows: list[Row] = [FLAT] * 16
    table = Table(BTCUSDT=rows, ETHUSDT=rows)
    alone = measured(table, "every_close").strategies
    monkeypatch.setitem(STRATEGIES, "ob_fvg", replace(STRATEGIES["ob_fvg"], judge=fails))
    found = measured(table, "ob_fvg", "every_close").strategies
    assert [(each.errors, each.reasons) for each in found[:2]] == [(1, {"strategy_failed": 1})] * 2
    assert found[2:] == alone


def test_the_digest_is_of_the_candles() -> None:
    """Another price is another digest; the same candles are the same."""
    one, same = (measured(Table(BTCUSDT=[FLAT] * 3, ETHUSDT=ROWS[:3]), "every_close") for _ in range(2))
    other = measured(Table(BTCUSDT=[FLAT, FLAT, HALF], ETHUSDT=ROWS[:3]), "every_close")
    assert one == same
    assert [left.sha256 == right.sha256 for left, right in zip(one.symbols, other.symbols, strict=True)] == [False, True]


def test_a_record_is_read_as_it_was_written_and_another_version_is_refused(tmp_path: Path) -> None:
    record = Measured(sets=(measured(Table(BTCUSDT=ROWS, ETHUSDT=ROWS), "every_close"),))
    path = tmp_path / "record.json"
    path.write_bytes(encode(record))
    assert read(path) == record
    path.write_bytes(encode(record).replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(ValueError, match=r"record\.json is no record of `ict measure` of version 1"):
        read(path)


def test_a_set_of_the_same_name_is_replaced_in_its_place() -> None:
    first = measured(Table(BTCUSDT=ROWS, ETHUSDT=ROWS), "every_close")
    other, again = msgspec.structs.replace(first, name="other"), msgspec.structs.replace(first, command="again")
    assert Measured(sets=(first, other)).with_sets([again]).sets == (again, other)
    assert Measured(sets=(first,)).with_sets([other]).sets == (first, other)
