"""`ict analyse` and `ict lookahead`: order, prefixes, refusals, and no half-written file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from cli.research import analyse
from research import event_table
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, folded, walk, write_csv

DAY = "2025-05-06T00:00"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    """Minutes of one symbol, quarters of the other; three days."""
    one = write_csv(tmp_path / "one.csv", walk(1, 4_320))
    other = write_csv(tmp_path / "other.csv", folded(walk(2, 4_320), 15))
    return ["--data", f"ETHUSDT={one}", "--data", f"BTCUSDT={other}"]


@pytest.mark.parametrize("compat", [(), ("--compat", "smc")], ids=["engine", "smc"])
def test_every_line_is_canonical_and_in_order_of_confirmation(
    files: list[object], tmp_path: Path, compat: tuple[str, ...]
) -> None:
    """ICT-15: by time, then symbol; sorted keys; each with the close that made it knowable."""
    out = tmp_path / "events.jsonl"
    result = ict("analyse", *files, "--timeframe", "15m", "--out", out, *compat)
    assert result.exit_code == Exit.OK, result.output
    lines = out.read_bytes().splitlines()
    events = [msgspec.json.decode(line) for line in lines]
    assert len(events) > 200
    assert [msgspec.json.encode(event, order="sorted") for event in events] == lines
    keys = [(event["confirmed_at"], event["symbol"]) for event in events]
    assert keys == sorted(keys)
    assert {event["symbol"] for event in events} == {"BTCUSDT", "ETHUSDT"}
    assert all(event["confirmed_at"] % (15 * MINUTE) == 0 for event in events)
    assert all(event["formed_at"] <= event["confirmed_at"] for event in events)  # equal where only the clock is told


def test_a_shorter_range_gives_a_prefix(files: list[object], tmp_path: Path) -> None:
    """BT-5: byte for byte, from the same start; on the timeframe of a file and on a coarser one."""
    for timeframe in ("15m", "1h"):
        outs = {}
        for end in (DAY, "2025-05-06T09:07", "2025-05-08"):
            out = tmp_path / f"{timeframe}-{end}.jsonl"
            assert ict("analyse", *files, "-t", timeframe, "--to", end, "--out", out).exit_code == Exit.OK
            outs[end] = out.read_bytes()
        short, middle, whole = outs.values()
        assert len(short) < len(middle) < len(whole)
        assert middle.startswith(short)
        assert whole.startswith(middle)


def test_the_restated_rules_give_a_prefix_but_for_what_the_end_of_the_data_says(files: list[object], tmp_path: Path) -> None:
    """BT-5: the lines with ``frame_end`` come last and are marked."""
    parts = []
    for end in (DAY, "2025-05-08"):
        out = tmp_path / f"{end}.jsonl"
        assert ict("analyse", *files, "--to", end, "--out", out, "--compat", "smc").exit_code == Exit.OK
        parts.append([line for line in out.read_bytes().splitlines() if not msgspec.json.decode(line)["frame_end"]])
    assert parts[1][: len(parts[0])] == parts[0]


@pytest.mark.parametrize("compat", [(), ("--compat", "smc")], ids=["engine", "smc"])
def test_a_table_holds_the_same_events_in_the_same_order(
    files: list[object], tmp_path: Path, compat: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ICT-15: Parquet for research, every field of every line; times are UTC timestamps; several row groups."""
    monkeypatch.setattr(event_table, "_GROUP", 100)
    lines, table = tmp_path / "events.jsonl", tmp_path / "events.parquet"
    for out in (lines, table):
        assert ict("analyse", *files, "--out", out, *compat).exit_code == Exit.OK
    parquet = pq.ParquetFile(table)
    assert parquet.num_row_groups > 2
    read = parquet.read()
    assert str(read.schema.field("confirmed_at").type) == "timestamp[ms, tz=UTC]"
    rows = [plain(row) for row in read.to_pylist()]
    assert rows == [msgspec.json.decode(line) for line in lines.read_bytes().splitlines()]


def plain(row: dict[str, object]) -> dict[str, object]:
    """Timestamps as UTC ms again."""

    def ms(value: object) -> object:
        if isinstance(value, list):
            return [ms(each) for each in value]
        return round(value.timestamp() * 1000) if isinstance(value, datetime) else value

    return {name: ms(value) for name, value in row.items()}


def test_the_table_of_a_shorter_range_is_the_first_rows_of_the_longer_one_s(files: list[object], tmp_path: Path) -> None:
    """ICT-15, BT-5: what was exported once stays true."""
    short, whole = tmp_path / "short.parquet", tmp_path / "whole.parquet"
    assert ict("analyse", *files, "--to", DAY, "--out", short).exit_code == Exit.OK
    assert ict("analyse", *files, "--out", whole).exit_code == Exit.OK
    first, longer = pq.read_table(short), pq.read_table(whole)
    assert 0 < first.num_rows < longer.num_rows
    assert longer.slice(0, first.num_rows).equals(first)


def test_a_change_of_state_names_its_own_close_and_the_first(files: list[object], tmp_path: Path) -> None:
    """ICT-15: ``since`` is the close at which the fact was known at first."""
    out = tmp_path / "events.jsonl"
    ict("analyse", *files, "--out", out)
    lives: dict[str, list[dict[str, int]]] = {}
    for line in out.read_bytes().splitlines():
        event = msgspec.json.decode(line)
        lives.setdefault(event["id"], []).append(event)
    assert max(map(len, lives.values())) > 2
    for life in lives.values():
        assert {event["since"] for event in life} == {life[0]["confirmed_at"]}


def test_without_out_the_lines_go_to_stdout_and_nothing_else_does(files: list[object], tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    ict("analyse", *files, "--out", out)
    result = ict("analyse", *files)
    assert result.stdout_bytes == out.read_bytes()
    assert "events of BTCUSDT, ETHUSDT 15m" in result.stderr


def test_a_bad_file_is_refused_with_row_and_reason_and_leaves_the_old_output_alone(tmp_path: Path) -> None:
    """ICT bad input: exit 1; every defect."""
    rows = walk(1, 60)
    rows[20] = (rows[20][0], 2_000.0, 1_990.0, 2_010.0, 2_000.0, 1.0)
    rows[30] = (rows[30][0], 2_000.0, float("nan"), 2_000.0, 2_000.0, 1.0)
    bad = write_csv(tmp_path / "bad.csv", rows)
    out = tmp_path / "events.jsonl"
    out.write_bytes(b"of the last run")
    result = ict("analyse", "--data", f"BTCUSDT={bad}", "--out", out)
    assert result.exit_code == Exit.NEGATIVE
    assert f"{bad}, row 21: " in result.output
    assert f"{bad}, row 31: " in result.output
    assert out.read_bytes() == b"of the last run"


@pytest.mark.parametrize("name", ["events.jsonl", "events.parquet"])
def test_a_run_that_dies_leaves_nothing_under_the_final_name(
    files: list[object], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a file nor a scrap beside it."""
    real = analyse.stream

    def dying(*arguments: object) -> object:
        yield from list(real(*arguments))[:50]  # type: ignore[arg-type]  # passed through as they came
        raise OSError("the disk is full")

    monkeypatch.setattr(analyse, "stream", dying)
    before = sorted(path.name for path in tmp_path.iterdir())
    out = tmp_path / name
    result = ict("analyse", *files, "--out", out)
    assert result.exit_code == Exit.NEGATIVE
    assert "cannot be written: the disk is full" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("analyse", "--data", "BTCUSDT=x.csv", "--timeframe", "7m"), "--timeframe 7m"),
        (("analyse", "--data", "x.csv"), "SYMBOL=FILE"),
        (("analyse",), "--data"),
        (("analyse", "--data", "BTCUSDT=x.csv", "--compat", "tv"), "--compat tv"),
        (("analyse", "--data", "BTCUSDT=x.csv", "--from", "soon"), "--from soon"),
        (("analyse", "--data", "BTCUSDT=x.csv", "--out", "/"), "name a file"),
        (("lookahead", "--data", "BTCUSDT=x.csv", "--cuts", "0"), "--cuts"),
    ],
)
def test_a_wrong_option_is_a_usage_error_that_names_it(arguments: tuple[str, ...], named: str) -> None:
    """Exit 2 is for what was typed."""
    result = ict(*arguments)
    assert result.exit_code == Exit.USAGE
    assert named in result.output


def test_lookahead_says_that_the_engine_is_clean(files: list[object]) -> None:
    """BT-5: exit 0, and how much was looked at."""
    result = ict("lookahead", *files, "--cuts", 4)
    assert result.exit_code == Exit.OK
    assert result.stdout.count("no event depends on later candles") == 2
    answer = msgspec.json.decode(ict("lookahead", *files, "--cuts", 4, "--last", 100, "--json").stdout)
    assert answer["clean"] is True
    looked = answer["symbols"]["BTCUSDT"]
    assert (looked["candles"], looked["leaks"]) == (100, [])
    assert looked["statements"] > 20
    assert looked["cuts"] > 8, "at random, where something was reported, at the end, behind boundaries"


def test_lookahead_looks_at_decisions_of_strategies_and_at_whole_backtests(tmp_path: Path) -> None:
    """BT-5: on 1m candles; a strategy that says nothing proves nothing, and that is said."""
    write_csv(tmp_path / "minutes.csv", walk(1, 597))
    files = ("--data", f"BTCUSDT={tmp_path / 'minutes.csv'}")
    one = ict("lookahead", *files, "--strategy", "zscore", "--cuts", 1, "--json")
    assert one.exit_code == Exit.OK, one.output
    answer = msgspec.json.decode(one.stdout)
    assert (answer["clean"], answer["strategies"], answer["backtest"]) == (True, ["zscore"], False)
    assert answer["statements"] > 0
    whole = ict("lookahead", *files, "--backtest", "--cuts", 1, "--last", 10)
    assert whole.exit_code == Exit.OK, whole.output
    assert "backtest of ob_fvg on BTCUSDT: 10 minutes" in whole.stdout
    silent = ict("lookahead", *files, "--strategy", "ob_fvg", "--cuts", 1, "--last", 2)
    assert (silent.exit_code, "nothing is proved" in silent.stdout) == (Exit.OK, True)
    strange = ict("lookahead", *files, "--strategy", "crystal_ball")
    assert strange.exit_code == Exit.CONFIG_INVALID
    assert "crystal_ball" in strange.output


def test_lookahead_catches_what_looks_ahead(files: list[object]) -> None:
    """BT-5: exit 1, with the event as reported then and as reported later."""
    result = ict("lookahead", *files, "--detectors", "smc-drawn", "--cuts", 4)
    assert result.exit_code == Exit.NEGATIVE
    assert " differ" in result.stdout
    assert "reported then:" in result.stdout
    answer = msgspec.json.decode(ict("lookahead", *files, "--detectors", "smc-drawn", "--cuts", 1, "--json").stdout)
    assert answer["clean"] is False
    assert {leak["check"] for leak in answer["symbols"]["BTCUSDT"]["leaks"]} == {"prefix", "scramble"}


def test_lookahead_refuses_detectors_that_do_not_exist(files: list[object]) -> None:
    result = ict("lookahead", *files, "--detectors", "crystal-ball")
    assert result.exit_code == Exit.USAGE
    assert "engine, smc, smc-drawn" in result.output


def test_the_market_of_the_tests_begins_on_a_monday() -> None:
    """The dates above rest on it."""
    assert START == 1_746_403_200_000


def test_plot_writes_a_picture_or_a_page_for_each_symbol(files: list[object], tmp_path: Path) -> None:
    """ICT-15: to look at instead of to read."""
    result = ict("plot", *files, "--out", tmp_path / "chart.png", "--last", 60, "--size", "600x400")
    assert result.exit_code == Exit.OK, result.output
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert (tmp_path / f"chart-{symbol}.png").read_bytes().startswith(b"\x89PNG")
    page = tmp_path / "page.html"
    assert ict("plot", *files[:2], "--out", page, "--theme", "light", "--kinds", "structure, swings").exit_code == Exit.OK
    assert 'data-group="structure"' in page.read_text()
    assert 'data-group="fvg"' not in page.read_text()


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--out", "chart.gif", "end it with .png or .html"),
        ("--theme", "pink", "choose dark or light"),
        ("--zone", "Mars/Olympus", "there is no time zone"),
        ("--size", "big", "write it like 1600x900"),
        ("--kinds", "fvg,unicorn", "--kinds unicorn: known are"),
        ("--last", "1", "--last"),
    ],
)
def test_plot_refuses_what_it_cannot_do(files: list[object], option: str, value: str, named: str) -> None:
    """Exit 2 with what is allowed; nothing is read before."""
    arguments = {"--out": "chart.png", option: value}
    result = ict("plot", *files, *(word for pair in arguments.items() for word in pair))
    assert result.exit_code == Exit.USAGE
    assert named in result.output


def test_plot_says_when_there_is_nothing_to_show(files: list[object], tmp_path: Path) -> None:
    result = ict("plot", *files[:2], "--out", tmp_path / "chart.png", "-t", "1w")
    assert result.exit_code == Exit.NEGATIVE
    assert "no 1w candle can be made" in result.output
    assert not (tmp_path / "chart.png").exists()


def test_paired_symbols_are_read_against_each_other_and_each_alone_as_before(files: list[object], tmp_path: Path) -> None:
    """ICT-9: one stream; what each symbol says by itself does not depend on the company."""
    out = tmp_path / "both.jsonl"
    assert ict("analyse", *files, "--out", out).exit_code == Exit.OK
    both = out.read_bytes().splitlines()
    cross = {"smt_swing", "smt_level", "liquidity_correlation"}
    assert cross & {msgspec.json.decode(line)["kind"] for line in both}
    for place, symbol in ((0, "ETHUSDT"), (2, "BTCUSDT")):
        assert ict("analyse", *files[place : place + 2], "--out", out).exit_code == Exit.OK
        alone = out.read_bytes().splitlines()
        events = ((line, msgspec.json.decode(line)) for line in both)
        assert alone == [line for line, event in events if event["symbol"] == symbol and event["kind"] not in cross]
