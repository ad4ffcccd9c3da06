"""Files as other programs write them: the right candles come out, or one sentence says what to type."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from research.market import Market
from services.ingest.files.file_source import FileSource, SourceRefused
from services.ingest.files.reading import Reading
from services.ingest.settings import IngestSettings
from shared.domain.timeframes import MINUTE
from simulator.market.funding import RecordedFunding
from tests.support.ingest.candle_file_kinds import (
    CANDLES,
    KINDS,
    MICROSECONDS,
    NAMES,
    PLAIN,
    SPOT,
    START,
    Candle,
    columns,
    gzipped,
    iso,
    kline,
    lines,
    parqueted,
    stamps,
    text,
    zipped,
)  # fmt: skip


def candles(source: FileSource) -> list[Candle]:
    return [
        (raw.open_time, raw.open, raw.high, raw.low, raw.close, raw.volume) for _, raws in source.steps() for raw in raws
    ]


def refused(path: Path, **options: str | tuple[str, ...]) -> str:
    """The refusal's only line."""
    with pytest.raises(SourceRefused) as caught:
        FileSource({"BTCUSDT": path}, reading=Reading(**options))  # type: ignore[arg-type]  # as each test gives them
    _, line, *others = str(caught.value).splitlines()
    assert not others
    assert line.isprintable()
    return line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_rows", [2, 8_192])
def test_file_of_a_known_kind_gives_its_candles(kind: str, batch_rows: int, tmp_path: Path) -> None:
    """DATA-6: every candle, the first one too, at its own time."""
    source = FileSource({"BTCUSDT": KINDS[kind](tmp_path)}, batch_rows=batch_rows)
    assert candles(source) == CANDLES
    assert source.repairs == ()


@pytest.mark.parametrize("kind", KINDS)
def test_file_of_a_known_kind_is_read_alike_by_research(kind: str, tmp_path: Path) -> None:
    """DATA-6: one reader for `demo` and `analyse`; the interval comes from the rows."""
    market = Market({"BTCUSDT": KINDS[kind](tmp_path)}, "1m", IngestSettings())
    assert [(each.open_time, each.close) for each in market.candles("BTCUSDT")] == [(row[0], row[4]) for row in CANDLES]
    assert market.intervals == {"BTCUSDT": "1m"}


NAIVE = lines([[iso(row[0]), *row[1:]] for row in CANDLES], "date,open,high,low,close,volume")
SEOUL = lines([[iso(row[0], 9), *row[1:]] for row in CANDLES], "date,open,high,low,close,volume")
NUMBERED = lines([[place, *row] for place, row in enumerate(CANDLES)], ",0,1,2,3,4,5")
SIX = lines(CANDLES, "0,1,2,3,4,5")
CLOSE_FIRST = lines([[row[0], row[4], *row[1:4], row[5], "x"] for row in CANDLES])


@pytest.mark.parametrize(
    ("content", "said", "options"),
    [
        (NAIVE, "date has times without an offset, such as '2025-03-03 11:06:00'", {"time_zone": "UTC"}),
        (SEOUL, "say it with --time-zone UTC (or Asia/Seoul, …)", {"time_zone": "Asia/Seoul"}),
        (NUMBERED, "say what each column is, for example --columns _,open_time,open", {"columns": ("_", *NAMES)}),
        (SIX, "no column open_time, open, high", {"columns": NAMES}),
        (
            CLOSE_FIRST,
            "no header, and 7 columns in an order that nothing tells; say what each column is, for example --columns",
            {"columns": ("open_time", "close", "open", "high", "low", "volume", "_")},
        ),
    ],
)
def test_ambiguous_file_is_refused_until_the_option_is_given(
    content: str, said: str, options: dict[str, str | tuple[str, ...]], tmp_path: Path
) -> None:
    """DATA-6: the option that the sentence names is the one that helps."""
    path = text(tmp_path / "c.csv", content)
    assert said in refused(path)
    source = FileSource({"BTCUSDT": path}, reading=Reading(**options))  # type: ignore[arg-type]  # as the table gives them
    assert candles(source) == CANDLES


def test_offsets_in_the_file_go_before_the_zone_that_was_said(tmp_path: Path) -> None:
    path = KINDS["pandas, +09:00"](tmp_path)
    assert candles(FileSource({"BTCUSDT": path}, reading=Reading(time_zone="America/New_York"))) == CANDLES


def test_local_times_are_converted_on_both_sides_of_a_clock_change(tmp_path: Path) -> None:
    """New York, 2025-03-09: 01:59 EST is followed by 03:00 EDT."""
    rows = ["2025-03-09 01:58:00,1,2,1,2,1", "2025-03-09 01:59:00,1,2,1,2,1", "2025-03-09 03:00:00,1,2,1,2,1"]
    path = text(tmp_path / "c.csv", "\n".join(["date,open,high,low,close,volume", *rows, ""]))
    source = FileSource({"BTCUSDT": path}, reading=Reading(time_zone="America/New_York"))
    assert [row[0] for row in candles(source)] == [1_741_503_480_000 + minute * MINUTE for minute in range(3)]
    assert source.repairs == ()


@pytest.mark.parametrize("hour", ["2025-11-02 01:30:00", "2025-03-09 02:30:00"])
def test_local_time_that_comes_twice_or_never_is_refused_with_its_row(hour: str, tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", f"date,open,high,low,close,volume\n2025-01-01 00:00:00,1,2,1,2,1\n{hour},1,2,1,2,1\n")
    line = refused(path, time_zone="America/New_York")
    assert f"row 2: date {hour[:16]} comes twice or never on the clock of America/New_York" in line


REFUSED = {
    "local times": (NAIVE, "--time-zone UTC"),
    "a price that is none, in the user's own column": (
        PLAIN.replace("open_time,open,high,low,close,volume", "Time,Open,High,Low,Close,Vol").replace(",101.0,", ",n/a,", 1),
        "row 1: Close is 'n/a', which is not a number; correct or delete the row",
    ),
    "dates that are none": (
        NAIVE.replace(iso(START + MINUTE), "2025-13-03 11:07:00"),
        "row 2: date is '2025-13-03 11:07:00', which is not a time",
    ),
    "a header that says nothing": (SIX, "found are 0, 1, 2, 3, 4, 5; say what each column is"),
    "a column missing": (
        lines([row[:5] for row in CANDLES], "time,open,high,low,close"),
        "no column volume; found are time, open, high, low, close",
    ),
    "two columns that could be it": (
        lines([[row[0], *row] for row in CANDLES], "Date,DATE,open,high,low,close,volume"),
        "'Date' and 'DATE' could both be open_time",
    ),
    "date and time apart": (
        lines([["2025-03-03", "11:06", *row[1:]] for row in CANDLES], "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"),
        "the time is in two columns, date and time; join them",
    ),
    "the year 5000": (
        lines([[row[0] * 56, *row[1:]] for row in CANDLES], "Date,open,high,low,close,volume"),
        f"row 1: Date {START * 56} is no time between 1973 and 2099",
    ),
    "no table at all": ("Dear diary,\ntoday I bought the top.\n", "no column open_time"),
    "a decimal comma": (
        PLAIN.replace(",", ";").replace(".", ","),
        "open is '100,0', which is not a number; write numbers with a decimal point and no other separator",
    ),
    "a comma between the thousands": (
        PLAIN.replace(",101.0,", ',"1,101.0",', 1), "is '1,101.0', which is not a number; write numbers with a decimal point"
    ),
    "dates in American order": (
        lines([["05/04/2025 11:06", *row[1:]] for row in CANDLES], "Date,open,high,low,close,volume"),
        "row 1: Date is '05/04/2025 11:06', which is not a time like 2025-05-04T12:00:00Z; write the times so, or as",
    ),
    "JSON of another kind": ('{"data": [[1, 2]]}', "it is not an array of candles, [[time, open"),
    "JSON cut off": (json.dumps(CANDLES)[:-40], "the array has no end"),
    "JSON with a short row": (json.dumps([*CANDLES, CANDLES[0][:4]]), "row 6: not readable as JSON candles: 4 fields where"),
    "JSON with a nested cell": (json.dumps([*CANDLES[:2], [START, [1], 2, 3, 4, 5]]), "row 3: not readable as JSON candles"),
    "JSON without a value": (json.dumps([(*CANDLES[0][:5], None)]), "row 1: volume has no value"),
    "deep JSON": ("[" * 100_000, "not readable as JSON candles"),
    "deep JSON in a later block": (
        json.dumps(CANDLES * 9_000)[:-1] + ", " + "[" * 200_000 + "]" * 200_000 + "]", "not readable as JSON candles",
    ),
    "a long first line": ("x" * 100_000, "the first line is longer than 65,536 bytes"),
    "a long later line": (PLAIN + "y" * 3_000_000, "a line is longer than a megabyte"),
    "a line that was cut": (PLAIN + "1741000", "row 6: 1 fields where 6 are due: '1741000'; repair or cut the line"),
    "an empty file": ("\n \n", "the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bad_text_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    """DATA-3."""
    content, said = REFUSED[name]
    assert said in refused(text(tmp_path / "c.csv", content))


BINARY = {
    "xz": (b"\xfd7zXZ\x00\x00\x04", "packed with xz; unpack it"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\x00", "HDF5; convert it"),
    "bytes": (bytes(range(256)) * 9, "binary contents of no known kind"),
    "gzip cut off": (gzip.compress(PLAIN.encode() * 100)[:-20], "it breaks off or is damaged"),
    "gzip twice": (gzip.compress(gzip.compress(PLAIN.encode())), "packed twice; unpack it once"),
    "gzip of bytes": (gzip.compress(bytes(range(256))), "binary contents"),
    "gzip of nothing": (gzip.compress(b""), "the file is empty"),
    "zip cut off": (b"PK\x03\x04 and no more", "not a whole zip archive"),
    "Parquet in gzip": (gzip.compress(b"PAR1 and so on"), "a parquet file within gzip; unpack it"),
    "a bomb": (gzip.compress(f"{START},1,1,1,1,1\n".encode() * 6_000_000), "a hundred times larger, which candles are not"),
    "escape sequences": (b"\x1b]0;owned\x07,a,b\n1,2,3\n", "no column open_time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_bytes_of_no_candles_are_refused_in_one_printable_sentence(name: str, tmp_path: Path) -> None:
    """DATA-3: whatever the ending says; what a terminal would obey is never printed."""
    content, said = BINARY[name]
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    assert said in refused(path)


def test_spreadsheet_is_told_from_an_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "c.xlsx", {"[Content_Types].xml": "<Types/>", "xl/worksheets/sheet1.xml": "<sheet/>"})
    assert "this is a spreadsheet; export the sheet as CSV" in refused(path)


def test_archive_within_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.csv": SPOT}).read_bytes()
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner)
    assert "an archive in an archive; unpack the outer one" in refused(tmp_path / "outer.zip")


def test_interval_that_the_rows_deny_is_refused_until_it_is_said(tmp_path: Path) -> None:
    path = text(tmp_path / "BTCUSDT-5m-2023-01.csv", SPOT)
    assert "the name says 5m and the candles are 1m apart; rename the file, or say --interval 1m" in refused(path)
    assert candles(FileSource({"BTCUSDT": path}, reading=Reading(interval="1m"))) == CANDLES


def test_minutes_with_most_of_them_missing_are_refused_until_it_is_said(tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", lines(CANDLES[::2], ",".join(NAMES)))
    assert "or say --interval 1m if the other minutes are missing" in refused(path)
    assert candles(FileSource({"BTCUSDT": path}, reading=Reading(interval="1m"))) == CANDLES[::2]
    with pytest.raises(SourceRefused, match=r"2 minutes apart, which is no timeframe.* or say --interval"):
        Market({"BTCUSDT": path}, "1m", IngestSettings())


def halves(at: Path, first: list[Candle], second: list[Candle]) -> Path:
    at.mkdir()
    text(at / "a.csv", lines(first, ",".join(NAMES)))
    text(at / "b.csv", lines([[row[0] * 1_000, *row[1:]] for row in second], ",".join(NAMES)))
    return at


@pytest.mark.parametrize("batch_rows", [1, 2, 8_192])
def test_files_that_overlap_alike_give_each_candle_once_and_say_so(batch_rows: int, tmp_path: Path) -> None:
    """DATA-3."""
    path = halves(tmp_path / "set", CANDLES[1:4], CANDLES)
    source = FileSource({"BTCUSDT": path}, batch_rows=batch_rows)
    assert candles(source) == CANDLES
    (repair,) = source.repairs
    assert (repair.what, Path(repair.file).name, repair.row) == ("duplicates_dropped", "a.csv", 1)
    assert repair.text.startswith("3 candles from here on are in another file as well")
    market = Market({"BTCUSDT": path}, "1m", IngestSettings())
    assert [each.open_time for each in market.candles("BTCUSDT")] == [row[0] for row in CANDLES]


def test_files_that_contradict_each_other_are_refused_with_file_and_row(tmp_path: Path) -> None:
    changed = [*CANDLES[:3], (*CANDLES[3][:5], 99.0), CANDLES[4]]
    line = refused(halves(tmp_path / "set", CANDLES[2:], changed))
    assert "a.csv, row 2: the candle of 2025-03-03T11:09Z has other numbers than in" in line
    assert "b.csv; remove one of the two [conflicting_duplicate]" in line


def test_hole_between_two_files_is_stated_and_one_that_another_file_fills_is_not(tmp_path: Path) -> None:
    apart = FileSource({"BTCUSDT": halves(tmp_path / "apart", CANDLES[:2], CANDLES[4:])})
    (gap,) = apart.repairs
    assert (gap.what, gap.row, gap.text) == ("gap", 1, "2 minutes without a candle after 2025-03-03T11:07Z")
    filled = FileSource({"BTCUSDT": halves(tmp_path / "filled", [*CANDLES[:2], *CANDLES[4:]], CANDLES[2:4])})
    assert candles(filled) == CANDLES
    assert filled.repairs == ()


def test_files_of_several_symbols_are_no_set(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    for name in ("BTCUSDT-1m-2023-01.csv", "ETHUSDT-1m-2023-01.csv"):
        text(tmp_path / "all" / name, SPOT)
    assert "its files are named BTCUSDT, ETHUSDT; give those of one symbol, for example" in refused(tmp_path / "all")


def test_files_of_different_intervals_are_no_set(tmp_path: Path) -> None:
    hours = [(START - START % (60 * MINUTE) + 60 * MINUTE * number, *CANDLES[0][1:]) for number in range(9, 13)]
    path = halves(tmp_path / "set", CANDLES, hours)
    with pytest.raises(
        SourceRefused, match=r"most candles are 1h apart, and those of .*a.csv 1m; give files of one interval"
    ):
        Market({"BTCUSDT": path}, "1h", IngestSettings())


def test_days_of_one_candle_each_are_candles_of_a_day(tmp_path: Path) -> None:
    """As the archives of 1d are."""
    (tmp_path / "days").mkdir()
    day = 1_440 * MINUTE
    for number in range(3):
        row = (START - START % day + number * day, *CANDLES[0][1:])
        text(tmp_path / "days" / f"BTCUSDT-1d-2025-03-{3 + number:02}.csv", lines([kline(row)]))
    market = Market({"BTCUSDT": tmp_path / "days"}, "1d", IngestSettings())
    assert market.intervals == {"BTCUSDT": "1d"}
    assert len(list(market.candles("BTCUSDT"))) == 3


@pytest.mark.parametrize(
    ("name", "said"), [("none-*.csv", "no file matches this pattern"), ("empty", "no candle file in it")]
)
def test_path_that_stands_for_nothing_is_refused(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert said in refused(tmp_path / name)


def test_fundings_are_read_from_the_exchanges_archive(tmp_path: Path) -> None:
    content = f"calc_time,funding_interval_hours,last_funding_rate\n{START + 3},8,0.00010000\n"
    path = zipped(tmp_path / "BTCUSDT-fundingRate-2025-03.zip", {"BTCUSDT-fundingRate-2025-03.csv": content})
    funding = RecordedFunding({"BTCUSDT": path})
    assert {symbol: str(rate) for symbol, rate in funding.rates_at(START).items()} == {"BTCUSDT": "0.0001"}


def test_parquet_without_a_zone_is_utc_and_a_zone_that_is_said_goes_before_it(tmp_path: Path) -> None:
    """Frames are kept like that; text is not, and is refused."""
    path = parqueted(tmp_path / "c.parquet", columns(stamps("us", None)))
    assert candles(FileSource({"BTCUSDT": path})) == CANDLES
    moved = FileSource({"BTCUSDT": path}, reading=Reading(time_zone="Asia/Seoul"))
    assert candles(moved)[0][0] == START - 9 * 60 * MINUTE


def test_units_may_change_within_a_file(tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", "".join(SPOT.splitlines(keepends=True)[:3] + MICROSECONDS.splitlines(keepends=True)[3:]))
    assert candles(FileSource({"BTCUSDT": path})) == CANDLES


def test_time_that_is_no_whole_minute_by_a_microsecond_is_found(tmp_path: Path) -> None:
    path = parqueted(tmp_path / "c.parquet", columns(pa.array([row[0] * 1_000 + (row == CANDLES[2]) for row in CANDLES])))
    assert "row 3: date is not a whole minute" in refused(path)


def test_gzip_named_csv_is_read_and_its_bytes_are_not_printed(tmp_path: Path) -> None:
    path = gzipped(tmp_path / "c.csv", "a,b\n1,2\n")
    assert "no column open_time, open, high, low, close, volume; found are a, b" in refused(path)
