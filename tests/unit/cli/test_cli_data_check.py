"""``ict data check``: what it says of a file, and that the line it ends with works."""

from __future__ import annotations

import json
import shlex
import warnings
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.data.options import BadOption, CandleFiles, parse_data
from cli.main import app
from shared.runtime.process.exits import Exit
from simulator.server.streams import parse
from tests.support.ingest.candle_file_kinds import (
    CANDLES,
    KINDS,
    MICROSECONDS,
    NAMES,
    SPOT,
    START,
    iso,
    kline,
    lines,
    text,
    zipped,
)
from tests.support.repository.source_text import ROOT


def check(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["data", "check", "--json", *arguments])
    return result.exit_code, json.loads(result.stdout)


def test_file_is_described_by_its_contents(tmp_path: Path) -> None:
    """DATA-6, DATA-7."""
    path = zipped(tmp_path / "BTCUSDT-1m-2025-01.zip", {"BTCUSDT-1m-2025-01.csv": MICROSECONDS})
    code, (said,) = check(str(path))
    assert code == Exit.OK
    assert (said["symbol"], said["interval"], said["good"], said["defects"]) == ("BTCUSDT", "1m", True, [])
    assert said["files"] == [
        {
            "file": str(path),
            "kind": "CSV in zip, commas, without header",
            "columns": [*NAMES, "taker_buy_volume", "trades"],
            "time": ["us"],
            "clock": [],
            "rows": 5,
            "first": CANDLES[0][0],
            "last": CANDLES[-1][0],
        }
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_kind_is_good_and_no_traceback(kind: str, tmp_path: Path) -> None:
    code, (said,) = check(str(KINDS[kind](tmp_path)))
    assert (code, said["defects"], sum(file["rows"] for file in said["files"])) == (Exit.OK, [], len(CANDLES))


def test_table_names_own_columns_zone_and_next_line(tmp_path: Path) -> None:
    path = KINDS["pandas, +09:00"](tmp_path)
    result = CliRunner().invoke(app, ["data", "check", f"ethusdt={path}"])
    assert result.exit_code == Exit.OK
    for said in (
        "date, open, high, low, close, volume",
        "offset +09:00",
        "2025-03-03 11:06 UTC",
        "CSV, commas, with header",
    ):
        assert said in result.output
    assert f"next: ict demo --data ETHUSDT={path}" in result.output


def test_faulty_file_is_told_with_exit_1_and_no_next_line(tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", lines([[iso(row[0]), *row[1:]] for row in CANDLES], "date,open,high,low,close,volume"))
    result = CliRunner().invoke(app, ["data", "check", str(path)])
    assert result.exit_code == Exit.NEGATIVE
    assert "defect: " in result.output
    assert "--time-zone UTC" in result.output
    assert "next:" not in result.output


def test_next_line_carries_the_options_and_works(tmp_path: Path) -> None:
    hours = [(START - START % 3_600_000 + number * 3_600_000, *row[1:]) for number, row in enumerate(CANDLES)]
    content = lines([[iso(row[0], 9), *row[1:]] for row in hours], "date,open,high,low,close,volume")
    path = text(tmp_path / "BTC USDT.csv", content)
    _, (said,) = check(f"BTCUSDT={path}", "--time-zone", "Asia/Seoul")
    assert said["interval"] == "1h"
    words = shlex.split(said["next"])
    assert words == ["ict", "analyse", "--data", f"BTCUSDT={path}", "--time-zone", "Asia/Seoul", "--timeframe", "1h"]
    assert CliRunner().invoke(app, words[1:]).exit_code == Exit.OK


def test_every_offset_of_a_file_is_named_not_the_first_alone(tmp_path: Path) -> None:
    """DATA-6: clocks are put back within a file; also within the rows that are read at once."""
    written = ["2025-10-26T02:58:00+02:00", "2025-10-26T02:59:00+02:00", "2025-10-26T02:00:00+01:00", "2025-10-26T01:01:00Z"]
    content = lines([[time, *row[1:]] for time, row in zip(written, CANDLES, strict=False)], ",".join(NAMES))
    code, (said,) = check(str(text(tmp_path / "c.csv", content)))
    assert (code, said["files"][0]["clock"]) == (Exit.OK, ["UTC", "offset +01:00", "offset +02:00"])


def test_help_of_the_zone_says_what_is_taken_for_utc() -> None:
    """DATA-6: text without an offset is refused; the binary files of freqtrade and pandas are UTC by their convention."""
    for command in (["demo"], ["data", "check"]):
        shown = CliRunner(env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"}).invoke(app, [*command, "--help"]).output
        assert "Feather and Parquet without a zone are UTC" in " ".join(shown.replace("│", " ").split())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "Feather and Parquet files keep UTC without saying so" in " ".join(readme.split())


def test_words_between_colons_are_printed_as_they_are(tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", "root:x:0:0:root\n")
    assert "root:x:0:0" in CliRunner().invoke(app, ["data", "check", str(path)]).output


def test_one_candle_needs_its_length(tmp_path: Path) -> None:
    """Nothing is guessed, and no row is called wrong."""
    path = text(tmp_path / "c.csv", lines(CANDLES[:1], ",".join(NAMES)))
    code, (said,) = check(str(path))
    assert (code, said["interval"]) == (Exit.NEGATIVE, None)
    assert [defect["text"] for defect in said["defects"]] == [
        "one candle does not say how long it is; say --interval 1m (or 5m, 15m, …)"
    ]
    code, (said,) = check(str(path), "--interval", "1m")
    assert (code, said["interval"], said["defects"]) == (Exit.OK, "1m", [])


def test_disorder_is_a_defect_with_its_row(tmp_path: Path) -> None:
    path = text(tmp_path / "BTCUSDT.csv", lines([kline(row) for row in [CANDLES[1], CANDLES[0], *CANDLES[2:]]]))
    code, (said,) = check(str(path))
    assert code == Exit.NEGATIVE
    assert [(defect["reason"], defect["row"]) for defect in said["defects"]] == [("unsorted", 2)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--time-zone", "Mars/Olympus"), "--time-zone Mars/Olympus: there is no time zone"),
        (("--interval", "7m"), "--interval 7m: choose one of 1m, 5m"),
        (("--columns", "open,high"), "--columns open,high: name each of open_time,open,high,low,close,volume once"),
        (("--columns", "open_time,open,high,low,close,volume,price"), "and _ for every other column"),
    ],
)
@pytest.mark.parametrize("command", [("data", "check"), ("demo", "--data"), ("analyse", "--data")])
def test_option_that_means_nothing_is_refused_in_one_sentence(
    command: tuple[str, str], arguments: tuple[str, str], said: str, tmp_path: Path
) -> None:
    path = text(tmp_path / "c.csv", SPOT)
    result = CliRunner().invoke(app, [*command, f"BTCUSDT={path}", *arguments])
    assert result.exit_code == Exit.USAGE
    assert said in result.output


def test_small_letters_become_capitals_and_symbols_of_cjk_are_taken() -> None:
    """DATA-6."""
    assert parse_data(["btcusdt=a.csv", "币安人生usdt=b.csv"]) == {"BTCUSDT": Path("a.csv"), "币安人生USDT": Path("b.csv")}
    assert CandleFiles(("ethusdt=c.csv",)).paths() == {"ETHUSDT": Path("c.csv")}


@pytest.mark.parametrize("symbol", ["é", "BTC/USDT", "BTC_USDT", "B", "X" * 31, "BTC\u202eUSDT", "😀😀"])
@pytest.mark.parametrize("option", ["--data", "--ticks", "--funding"])
def test_symbol_that_nothing_can_carry_is_refused_in_one_sentence(symbol: str, option: str) -> None:
    with pytest.raises(BadOption, match=r"is no symbol; write it like BTCUSDT"):
        parse_data([f"{symbol}=a.csv"], option)


def test_minutes_are_asked_for_where_minutes_are_played(tmp_path: Path) -> None:
    path = text(tmp_path / "c.csv", SPOT)
    for command in ("demo", "simulator"):
        result = CliRunner().invoke(app, [command, "--data", f"BTCUSDT={path}", "--interval", "5m"])
        assert (result.exit_code, "one-minute candles are played here" in result.output) == (Exit.USAGE, True)


@pytest.mark.parametrize("out", ["chart.png", "chart.html"])
def test_symbol_of_chinese_letters_is_drawn(out: str, tmp_path: Path) -> None:
    """DATA-6: without a warning for every letter; one sentence where no font has them."""
    rows = [(START + minute * 60_000, *CANDLES[minute % 5][1:]) for minute in range(40)]
    path = text(tmp_path / "c.csv", lines(rows, ",".join(NAMES)))
    target = tmp_path / out
    arguments = ["plot", "--data", f"币安人生usdt={path}", "--timeframe", "1m", "--last", "20", "--out", str(target)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, target.stat().st_size > 1_000) == (Exit.OK, True), result.output


@pytest.mark.parametrize(
    "command", [("analyse", "--timeframe", "1m"), ("lookahead", "--timeframe", "1m", "--cuts", "2"), ("demo",)]
)
def test_symbol_of_chinese_letters_goes_through_every_command(command: tuple[str, ...], tmp_path: Path) -> None:
    """DATA-6: from the file to the last line."""
    rows = [(START + minute * 60_000, *CANDLES[minute % 5][1:]) for minute in range(60)]
    path = text(tmp_path / "c.csv", lines(rows, ",".join(NAMES)))
    result = CliRunner().invoke(app, [*command, "--data", f"币安人生USDT={path}"])
    assert result.exit_code == Exit.OK, result.output


def test_stream_of_a_symbol_of_chinese_letters_is_known() -> None:
    stream = parse("币安人生usdt@kline_1m")
    assert stream is not None
    assert stream.symbol == "币安人生USDT"
