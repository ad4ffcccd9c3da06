"""Candle files: what is refused, what is repaired, and what is played of them."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv, feather

from services.ingest.candle_source import DefectReason
from services.ingest.files.file_source import FileSource, SourceRefused
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE

T = 1_746_403_200_000  # 2025-05-05T00:00Z
Table = dict[str, list[Any]]


def table(minutes: int = 10) -> Table:
    return {
        "open_time": [T + minute * MINUTE for minute in range(minutes)],
        "open": [100.0 + minute for minute in range(minutes)],
        "high": [102.0 + minute for minute in range(minutes)],
        "low": [99.0 + minute for minute in range(minutes)],
        "close": [101.0 + minute for minute in range(minutes)],
        "volume": [1.5] * minutes,
    }


def write(path: Path, columns: Table, **types: pa.DataType) -> Path:
    content = pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})
    if path.suffix == ".csv":
        csv.write_csv(content, path)
    elif path.suffix == ".parquet":
        pq.write_table(content, path)
    else:
        feather.write_feather(content, path, compression="lz4")
    return path


def put(column: str, row: int, value: Any) -> Table:
    """The ten-minute table with one cell changed; ``row`` is the 1-based data row."""
    columns = table()
    columns[column][row - 1] = value
    return columns


def rows(columns: Table, order: list[int]) -> Table:
    """The table with these 1-based data rows, in this order."""
    return {name: [values[row - 1] for row in order] for name, values in columns.items()}


def without(*names: str) -> Table:
    return {name: values for name, values in table().items() if name not in names}


def refusal(files: dict[str, Path], **options: Any) -> list[tuple[str, int]]:
    with pytest.raises(SourceRefused) as caught:
        FileSource(files, **options)
    return [(defect.reason, defect.row) for defect in caught.value.defects]


def played(source: FileSource) -> list[tuple[int, tuple[RawCandle, ...]]]:
    return list(source.steps())


CONFLICT = rows(table(), [1, 2, 3, 3, 4])
CONFLICT["close"][3] = 102.5

BAD: dict[str, tuple[Table, list[tuple[str, int]]]] = {
    "no close": (without("close"), [("missing_columns", 0)]),
    "NaN": (put("close", 4, math.nan), [("not_finite", 4)]),
    "infinite volume": (put("volume", 4, math.inf), [("not_finite", 4)]),
    "negative price": (put("low", 7, -99.0), [("not_positive", 7)]),
    "zero price": (put("low", 1, 0.0), [("not_positive", 1)]),
    "high below low": (put("high", 10, 50.0), [("inverted", 10)]),
    "negative volume": (put("volume", 2, -1.0), [("negative_volume", 2)]),
    "price of a trillion": (put("high", 2, 1e12), [("out_of_range", 2)]),
    "no value": (put("open", 3, None), [("not_a_number", 3)]),
    "no time": (put("open_time", 3, None), [("not_a_number", 3)]),
    "minutes": ({**table(), "open_time": [at // MINUTE for at in table()["open_time"]]}, [("wrong_time_unit", 1)]),
    "one time of 1970": (put("open_time", 1, 0), [("wrong_time_unit", 1)]),
    "off the minute": (put("open_time", 5, T + 4 * MINUTE + 500), [("off_minute", 5)]),
    "hours": ({**table(), "open_time": [T + hour * 60 * MINUTE for hour in range(10)]}, [("not_one_minute", 0)]),
    "empty": (table(0), [("empty", 0)]),
    "two candles of one minute": (CONFLICT, [("conflicting_duplicate", 4)]),
    "several defects": (
        {**put("low", 8, -1.0), "close": [math.nan, *table()["close"][1:]], "volume": [1.5] * 8 + [-1.0, -2.0]},
        [("not_finite", 1), ("not_positive", 8), ("negative_volume", 9)],
    ),
}


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv"])
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("batch_rows", [3, 8_192])
def test_a_bad_file_is_refused_with_reason_and_row(name: str, suffix: str, batch_rows: int, tmp_path: Path) -> None:
    """DATA-3. Small batches: rows are counted over the whole file."""
    columns, expected = BAD[name]
    types = {"open_time": pa.int64()} if name == "empty" else {}
    types |= {column: pa.float64() for column in columns if column != "open_time"} if name == "empty" else {}
    path = write(tmp_path / f"candles.{suffix}", columns, **types)
    assert refusal({"BTCUSDT": path}, batch_rows=batch_rows) == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("candles.parquet", b"PAR1 this is no parquet", "unreadable"),
        ("candles.parquet", b"", "empty"),
        ("candles.parquet", b"PAR1", "unreadable"),
        ("candles.feather", b"ARROW1 and no more", "unreadable"),
        ("candles.feather", b"not arrow either", "missing_columns"),
        ("candles.csv", b"", "empty"),
        ("candles.csv", b"open_time,open,high,low,close,volume\n", "empty"),
        ("candles.csv", b"\xff\xfe\x00\x01", "unknown_format"),
        ("candles.csv", b"open_time\x00,open\n", "unknown_format"),
        ("candles.csv", b"open_time,open,high,low,close,volume\n1746403200000,1,1,1,1,\xff\n", "unreadable"),
        ("candles.zip", b"PK", "unknown_format"),
        ("candles", b"", "empty"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal({"BTCUSDT": path}) == [(reason, 0)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1746403320000,1,2,1,abc,5", ("not_a_number", 3)),
        ("1746403320000,1,2,1,,5", ("not_a_number", 3)),
        ("yesterday,1,2,1,1,5", ("not_a_number", 3)),
        ("1746403320000,1,2,1", ("unreadable", 3)),
    ],
)
def test_a_bad_line_of_a_csv_is_found(line: str, expected: tuple[str, int], tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    good = [f"{T + minute * MINUTE},1,2,1,1.5,5" for minute in range(2)]
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *good, line, ""]))
    assert refusal({"BTCUSDT": path}) == [expected]


@pytest.mark.parametrize("column", ["open_time", "close"])
def test_a_column_of_another_kind_is_refused(column: str, tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", {**table(), column: [True] * 10})
    assert refusal({"BTCUSDT": path}) == [("wrong_type", 0)]


def test_all_defects_of_all_files_are_told_at_once_with_what_to_do(tmp_path: Path) -> None:
    files = {
        "BTCUSDT": write(tmp_path / "btc.parquet", put("close", 4, math.nan)),
        "ETHUSDT": write(tmp_path / "eth.csv", without("low", "volume")),
        "SOLUSDT": tmp_path / "absent.parquet",
        "XRPUSDT": write(tmp_path / "xrp.parquet", table()),
        "b-d": write(tmp_path / "bad.parquet", table()),
    }
    with pytest.raises(SourceRefused) as caught:
        FileSource(files)
    assert sorted((Path(defect.file).name, defect.reason) for defect in caught.value.defects) == [
        ("absent.parquet", "missing_file"),
        ("bad.parquet", "bad_symbol"),
        ("btc.parquet", "not_finite"),
        ("eth.csv", "missing_columns"),
    ]
    text = str(caught.value)
    assert "no column low, volume; found are open_time, open, high, close" in text
    assert "btc.parquet, row 4: NaN or infinite; delete the row" in text


def test_a_span_without_candles_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", table())
    assert refusal({"BTCUSDT": path}, start=T + 100 * MINUTE) == [("nothing_in_range", 0)]


def test_a_file_that_changes_after_the_examination_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", table())
    source = FileSource({"BTCUSDT": path})
    write(path, table(11))
    with pytest.raises(SourceRefused, match="changed"):
        next(source.steps())


def test_no_files_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one symbol"):
        FileSource({})


def test_every_reason_of_the_closed_vocabulary_has_a_specimen() -> None:
    elsewhere = {
        "bad_symbol",
        "missing_file",
        "mixed_symbols",
        "no_time_zone",
        "unknown_format",
        "unreadable",
        "wrong_type",
        "nothing_in_range",
        "changed",
        "unsorted",
        "duplicate",
        "off_interval",
        "wrong_interval",
        "flow_out_of_range",
    }
    assert elsewhere | {reason for _, expected in BAD.values() for reason, _ in expected} == set(get_args(DefectReason))


@pytest.mark.parametrize("suffix", ["parquet", "feather", "arrow", "csv"])
@pytest.mark.parametrize("batch_rows", [1, 4, 8_192])
def test_the_same_candles_come_out_of_every_format(suffix: str, batch_rows: int, tmp_path: Path) -> None:
    path = write(tmp_path / f"c.{suffix}", {"number": list(range(10)), **table()})
    steps = played(FileSource({"BTCUSDT": path}, batch_rows=batch_rows))
    assert [at for at, _ in steps] == [T + minute * MINUTE for minute in range(1, 11)]
    assert steps[3][1] == (
        RawCandle(symbol="BTCUSDT", open_time=T + 3 * MINUTE, open=103.0, high=105.0, low=102.0, close=104.0, volume=1.5),
    )


@pytest.mark.parametrize(
    ("suffix", "times", "kind"),
    [
        ("parquet", [at * 1_000 for at in table()["open_time"]], pa.timestamp("us")),
        ("feather", [at * 10**6 for at in table()["open_time"]], pa.timestamp("ns", "UTC")),
        ("parquet", [str(at) for at in table()["open_time"]], pa.string()),
        ("parquet", [float(at) for at in table()["open_time"]], pa.float64()),
        ("csv", [f"2025-05-05 00:{minute:02}:00Z" for minute in range(10)], pa.string()),
    ],
    ids=["timestamps", "timestamps with zone", "strings", "floats", "dates with a zone"],
)
def test_times_whose_unit_the_file_states_are_read(suffix: str, times: list[Any], kind: pa.DataType, tmp_path: Path) -> None:
    path = write(tmp_path / f"c.{suffix}", {**table(), "open_time": times}, open_time=kind)
    source = FileSource({"BTCUSDT": path})
    assert (source.first, source.last, len(source)) == (T + MINUTE, T + 10 * MINUTE, 10)


def test_prices_as_integers_strings_or_decimals_are_read(tmp_path: Path) -> None:
    columns = {
        **table(),
        "open": [str(price) for price in table()["open"]],
        "low": [Decimal(str(price)) for price in table()["low"]],
        "volume": [2] * 10,
    }
    expected = RawCandle(symbol="BTCUSDT", open_time=T, open=100.0, high=102.0, low=99.0, close=101.0, volume=2.0)
    assert played(FileSource({"BTCUSDT": write(tmp_path / "c.parquet", columns, high=pa.float32())}))[0][1] == (expected,)


@pytest.mark.parametrize("batch_rows", [2, 3, 8_192])
def test_exact_duplicates_are_dropped_and_stated(batch_rows: int, tmp_path: Path) -> None:
    """DATA-3."""
    path = write(tmp_path / "c.parquet", rows(table(), [1, 2, 3, 3, 3, 4, 5]))
    source = FileSource({"BTCUSDT": path}, batch_rows=batch_rows)
    assert [candle.open_time for _, (candle,) in played(source)] == table()["open_time"][:5]
    assert {repair.what for repair in source.repairs} == {"duplicates_dropped"}
    assert source.repairs[0].row == 4


@pytest.mark.parametrize("batch_rows", [2, 3, 8_192])
def test_rows_out_of_order_are_sorted_and_stated_together_with_what_appears_then(batch_rows: int, tmp_path: Path) -> None:
    """DATA-3."""
    path = write(tmp_path / "c.parquet", rows(table(), [6, 1, 2, 10, 9, 1, 3]))
    source = FileSource({"BTCUSDT": path}, batch_rows=batch_rows)
    assert [len(candles) for _, candles in played(source)] == [1, 1, 1, 0, 0, 1, 0, 0, 1, 1]
    assert [(repair.what, repair.row) for repair in source.repairs] == [
        ("sorted", 2),
        ("duplicates_dropped", 6),
        ("gap", 1),
        ("gap", 5),
    ]


def test_an_unsorted_file_with_two_candles_of_one_minute_is_refused(tmp_path: Path) -> None:
    columns = rows(table(), [3, 1, 2, 3])
    columns["volume"][3] = 77.0
    assert refusal({"BTCUSDT": write(tmp_path / "c.parquet", columns)}) == [("conflicting_duplicate", 4)]


def test_an_unsorted_file_of_hours_is_refused(tmp_path: Path) -> None:
    columns = rows({**table(), "open_time": [T + hour * 60 * MINUTE for hour in range(10)]}, [2, 1, 3])
    assert refusal({"BTCUSDT": write(tmp_path / "c.parquet", columns)}) == [("not_one_minute", 0)]


@pytest.mark.parametrize(
    ("order", "expected"), [([1, 2, 2], [("duplicate", 3)]), ([1, 3, 2, 4], [("unsorted", 3)]), ([1, 2, 5], [])]
)
def test_without_repairs_duplicates_and_disorder_are_defects_and_gaps_are_not(
    order: list[int], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    path = write(tmp_path / "c.parquet", rows(table(), order))
    if expected:
        assert refusal({"BTCUSDT": path}, repair=False) == expected
    else:
        assert [repair.what for repair in FileSource({"BTCUSDT": path}, repair=False).repairs] == ["gap"]


def test_a_gap_is_stated_and_its_minutes_come_without_a_candle(tmp_path: Path) -> None:
    """DATA-3: a gap is a statement, not an omission."""
    path = write(tmp_path / "c.parquet", rows(table(), [1, 2, 6, 7]))
    source = FileSource({"BTCUSDT": path})
    assert [len(candles) for _, candles in played(source)] == [1, 1, 0, 0, 0, 1, 1]
    (gap,) = source.repairs
    assert (gap.what, gap.row, gap.text) == ("gap", 3, "3 minutes without a candle after 2025-05-05T00:01Z")


def test_statements_are_bounded(tmp_path: Path) -> None:
    columns = table(40)
    path = write(tmp_path / "c.parquet", rows(columns, [1, 2, *range(4, 40, 2)]))
    source = FileSource({"BTCUSDT": path}, most_stated=5)
    assert [repair.what for repair in source.repairs] == ["gap"] * 5 + ["more"]
    assert source.repairs[-1].text.startswith("13 ")


@pytest.mark.parametrize("batch_rows", [1, 8_192])
def test_the_span_is_cut_to_start_and_end(batch_rows: int, tmp_path: Path) -> None:
    """Candles that open at start or later and close at end or earlier."""
    path = write(tmp_path / "c.parquet", table())
    source = FileSource({"BTCUSDT": path}, start=T + 2 * MINUTE, end=T + 6 * MINUTE, batch_rows=batch_rows)
    assert [candle.open_time for _, (candle,) in played(source)] == [T + minute * MINUTE for minute in (2, 3, 4, 5)]
    assert (source.first, source.last, len(source)) == (T + 3 * MINUTE, T + 6 * MINUTE, 4)


def test_symbols_that_begin_and_end_at_different_times_share_one_span(tmp_path: Path) -> None:
    files = {
        "ETHUSDT": write(tmp_path / "eth.csv", rows(table(), [3, 4, 5, 6])),
        "BTCUSDT": write(tmp_path / "btc.parquet", rows(table(), [1, 2, 3, 4])),
    }
    source = FileSource(files)
    assert source.symbols == ("BTCUSDT", "ETHUSDT")
    assert ["".join(candle.symbol[0] for candle in candles) for _, candles in played(source)] == [
        "B",
        "B",
        "BE",
        "BE",
        "E",
        "E",
    ]
