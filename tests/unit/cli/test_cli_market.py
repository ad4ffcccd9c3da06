"""Options of `ict demo` and `ict replay`: what they mean, and what is said when they mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.data.options import BadOption, parse_data
from cli.play.market import open_source, parse_date, parse_speed, with_symbols_of
from cli.settings import Settings

DAY = 86_400_000


def test_data_options_name_one_file_a_symbol() -> None:
    """DATA-6: a path may hold an equals sign, a symbol may not."""
    assert parse_data([]) == {}
    assert parse_data(["BTCUSDT=a.parquet", "ETHUSDT=dir/x=y.csv"]) == {
        "BTCUSDT": Path("a.parquet"),
        "ETHUSDT": Path("dir/x=y.csv"),
    }


@pytest.mark.parametrize("option", ["BTCUSDT", "BTCUSDT=", "=a.csv", ""])
def test_a_data_option_without_symbol_or_file_is_refused_with_an_example(option: str) -> None:
    """The message says what to write instead."""
    with pytest.raises(BadOption, match=r"SYMBOL=FILE, for example BTCUSDT=candles\.parquet"):
        parse_data([option])


def test_two_files_of_one_symbol_are_refused() -> None:
    """DATA-3: which of them would be true?"""
    with pytest.raises(BadOption, match="BTCUSDT is given twice"):
        parse_data(["BTCUSDT=a.csv", "ETHUSDT=b.csv", "BTCUSDT=c.csv"])


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        (None, None),
        ("1970-01-02", DAY),
        ("1970-01-02T12:00", DAY + DAY // 2),
        ("1970-01-02T00:00:00Z", DAY),
        ("1970-01-02T09:00+09:00", DAY),
        ("1970-01-01T19:00-05:00", DAY),
    ],
)
def test_dates_are_utc_unless_they_say_otherwise(text: str | None, milliseconds: int | None) -> None:
    """DATA-2: the machine's own time zone has no say."""
    assert parse_date("--from", text) == milliseconds


@pytest.mark.parametrize("text", ["", "yesterday", "2025-02-30", "04.05.2025"])
def test_malformed_date_is_refused_with_the_option_and_an_example(text: str) -> None:
    """The message says which option and what to write instead."""
    with pytest.raises(BadOption, match=r"--to .*2025-05-04"):
        parse_date("--to", text)


def test_speed_is_max_or_a_positive_number() -> None:
    """BT-1: `max` plays as fast as the system settles."""
    assert parse_speed("max") is None
    assert parse_speed("60") == 60.0
    assert parse_speed("0.5") == 0.5


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e9", "MAX"])
def test_any_other_speed_is_refused(text: str) -> None:
    """A speed of nan would wait for ever, one of zero would divide by it."""
    with pytest.raises(BadOption, match="--speed"):
        parse_speed(text)


def test_files_bring_their_own_symbols_and_leave_the_rest_alone() -> None:
    """DATA-6: what is played decides what is traded."""
    settings = Settings.model_validate({"symbols": ["SOLUSDT"], "risk": {"max_positions": 5}})
    changed = with_symbols_of(settings, {"ETHUSDT": Path("e"), "BTCUSDT": Path("b")})
    assert changed.symbols == ("BTCUSDT", "ETHUSDT")
    assert changed.model_dump(exclude={"symbols"}) == settings.model_dump(exclude={"symbols"})
    assert with_symbols_of(settings, {}) is settings


def test_without_files_the_generated_market_of_the_settings_is_played() -> None:
    """BT-1: the same seed is the same market."""
    settings = Settings.model_validate({"market": {"days": 0.01, "seed": 3}})
    source = open_source(settings, {}, DAY, None)
    assert source.symbols == settings.symbols
    assert source.first == DAY + 60_000
    assert list(source.steps()) == list(open_source(settings, {}, DAY, None).steps())


def test_the_files_of_the_settings_are_played_when_the_source_is_files(tmp_path: Path) -> None:
    """DATA-6: `market.files` is for services, `--data` wins over it."""
    rows = "".join(f"{minute * 60_000},1,2,1,2,1\n" for minute in range(26_297_280, 26_297_283))
    for name in ("configured", "given"):
        (tmp_path / f"{name}.csv").write_text("open_time,open,high,low,close,volume\n" + rows)
    market = {"source": "files", "files": {"BTCUSDT": str(tmp_path / "configured.csv")}}
    settings = Settings.model_validate({"symbols": ["BTCUSDT"], "market": market})
    assert open_source(settings, {}, None, None).symbols == ("BTCUSDT",)
    assert len(open_source(settings, {}, None, None)) == 3
    assert open_source(settings, {"ETHUSDT": tmp_path / "given.csv"}, None, None).symbols == ("ETHUSDT",)
