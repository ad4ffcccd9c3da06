"""Archives beside candles, by hand: rows that cannot be are refused with a reason, and trades add up to their minutes."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.files.defects import FileDefect
from services.ingest.history.archives import Archive
from services.ingest.history.trade_minutes import TradeMinutes
from services.ingest.history.unpacking import rows_of_archive
from shared.candles.kinds import Chunk, Kind
from shared.domain.timeframes import DAY, MINUTE
from tests.support.candles.rows import NEW_YEAR
from tests.support.ingest.published_archives import HEADERS

TRADES = HEADERS["aggTrades"]
MARK = HEADERS["mark"]
REST = "0,0,0,60,0,0,0"


def read(root: Path, kind: Kind, *lines: str) -> Chunk:
    archive = Archive(symbol="BTCUSDT", kind=kind, period="2023-01-01", start=NEW_YEAR, end=NEW_YEAR + DAY)
    path = root / f"{archive.name}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{archive.name}.csv", "\n".join([*lines, ""]))
    rows, (chunk,) = rows_of_archive(archive, path)
    assert rows == len(chunk[0])
    return chunk


@pytest.mark.parametrize(
    ("kind", "lines", "reason"),
    [
        ("mark", (MARK, f"{NEW_YEAR},2,3,1,2,{REST}", f"{NEW_YEAR},2,3,1,2.5,{REST}"), "conflicting_duplicate"),
        ("mark", (MARK, f"{NEW_YEAR},2,1.5,1,2,{REST}"), "inverted"),
        ("mark", (MARK, f"{NEW_YEAR},2,3,-1,2,{REST}"), "not_positive"),
        ("mark", (MARK, f"{NEW_YEAR + 1},2,3,1,2,{REST}"), "off_minute"),
        ("mark", (MARK, f"{NEW_YEAR},inf,inf,1,2,{REST}"), "not_finite"),
        ("mark", (MARK, f"{NEW_YEAR},,3,1,2,{REST}"), "not_a_number"),
        ("mark", (MARK, f"{NEW_YEAR + DAY},2,3,1,2,{REST}"), "out_of_range"),
        ("mark", (MARK, "now,2,3,1,2,{REST}"), "unreadable"),
        ("mark", ("1,2,3",), "missing_columns"),
        ("mark", ("<html>",), "missing_columns"),
        ("mark", (), "empty"),
        ("aggTrades", (TRADES,), "empty"),
        ("aggTrades", (TRADES, f"1,0,1,1,1,{NEW_YEAR},true"), "out_of_range"),
        ("aggTrades", (TRADES, f"1,5,1,1,1,{NEW_YEAR + DAY},true"), "out_of_range"),
        ("aggTrades", (TRADES, f"1,5,1,1,1,{NEW_YEAR},perhaps"), "unreadable"),
    ],
)
def test_rows_that_cannot_be_are_refused_with_a_reason(
    kind: Kind, lines: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    """DATA-6: an archive is stored whole, or not at all."""
    with pytest.raises(FileDefect) as refused:
        read(tmp_path, kind, *lines)
    assert refused.value.defect.reason == reason


def test_repeated_rows_are_dropped_and_disorder_is_put_right(tmp_path: Path) -> None:
    """DATA-3: and times in microseconds are times too; a premium may be negative."""
    rows = [f"{(NEW_YEAR + place * MINUTE) * 1_000},-2,-1,-3,-2,{REST}" for place in (1, 0, 1)]
    assert read(tmp_path, "premium", MARK, *rows)[0].tolist() == [NEW_YEAR, NEW_YEAR + MINUTE]


def test_numbers_that_the_exchange_did_not_know_stay_unknown(tmp_path: Path) -> None:
    """DATA-8: of metrics an empty cell, of an order book a depth that was not told."""
    *_, ratio = read(tmp_path, "metrics", HEADERS["metrics"], "2023-01-01 00:05:00,BTCUSDT,1,2,,3,4,")
    assert np.isnan(ratio).all()
    times, near, *far = read(tmp_path, "bookDepth", HEADERS["bookDepth"], "2023-01-01 00:00:08,-1.00,5,70")
    assert (times.tolist(), near.tolist(), np.isnan(far).all()) == ([NEW_YEAR + 8_000], [70.0], True)


TRADE = st.tuples(
    st.integers(0, 4 * MINUTE - 1), st.integers(1, 999), st.integers(1, 10**6), st.integers(1, 5), st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(TRADE, max_size=40), st.integers(1, 7))
def test_trades_add_up_to_the_minutes_that_decimals_give(trades: list[tuple[int, int, int, int, bool]], size: int) -> None:
    """DATA-2, DATA-6: however they are cut into blocks; volumes to the digit."""
    trades.sort(key=lambda each: each[0])
    minutes = TradeMinutes(NEW_YEAR, NEW_YEAR + 4 * MINUTE)
    for begin in range(0, len(trades), size):
        times, prices, quantities, counts, bought = (
            np.array(each) for each in zip(*trades[begin : begin + size], strict=True)
        )
        minutes.add(NEW_YEAR + times, prices / 10, quantities / 1_000, counts.astype(float), bought)
    expected = []
    for minute in range(4):
        of = [each for each in trades if each[0] // MINUTE == minute]
        if of:
            prices = [each[1] / 10 for each in of]
            volume = sum(Decimal(each[2]) / 1_000 for each in of)
            taken = sum(Decimal(each[2]) / 1_000 for each in of if each[4])
            count = float(sum(each[3] for each in of))
            ends = prices[0], max(prices), min(prices), prices[-1]
            expected.append((NEW_YEAR + minute * MINUTE, *ends, float(volume), float(taken), count))
    assert list(zip(*(column.tolist() for column in minutes.rows()), strict=True)) == expected
