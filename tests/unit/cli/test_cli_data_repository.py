"""``ict data import``, ``list``, ``show`` and ``check`` on the candle repository, and other commands that read it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.data.options import BadOption, parse_data
from cli.main import app
from services.ingest.files.file_source import FileSource, SourceRefused
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY, MINUTE
from shared.runtime.process.exits import Exit
from simulator.market.funding import RecordedFunding
from tests.support.candles.rows import NEW_YEAR, candles, stored
from tests.support.ingest.candle_file_kinds import CANDLES, KINDS, text
from tests.support.ingest.candle_files import HEADER, START, folded, walk, write_csv


def ict(*arguments: object, code: int = Exit.OK) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A repository with two thousand minutes of BTCUSDT."""
    root = tmp_path / "store"
    path = write_csv(tmp_path / "BTCUSDT-1m-2025-05.csv", walk(3, 2_000))
    ict("data", "import", path, "--store", root)
    return root


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_kind_of_file_can_be_imported(kind: str, tmp_path: Path) -> None:
    """DATA-6."""
    path = KINDS[kind](tmp_path)
    root = tmp_path / "store"
    ict("data", "import", f"BTCUSDT={path}", "--store", root, "--interval", "1m")
    found = stored(Repository(root).series("BTCUSDT"))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == CANDLES


def test_imported_minutes_come_back_and_a_second_import_adds_nothing(store: Path, tmp_path: Path) -> None:
    """DATA-5, DATA-6."""
    rows = walk(3, 2_000)
    found = stored(Repository(store).series("BTCUSDT"))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == rows
    (said,) = json.loads(ict("data", "import", tmp_path / "BTCUSDT-1m-2025-05.csv", "--store", store, "--json"))
    assert (said["symbol"], said["kind"], said["new"], said["known"]) == ("BTCUSDT", "1m", 0, 2_000)


def test_file_with_a_defect_stores_nothing_of_any(store: Path, tmp_path: Path) -> None:
    """DATA-6: nothing half-done."""
    rows = walk(4, 100, start=START + 10 * DAY)
    good = write_csv(tmp_path / "ETHUSDT-1m.csv", rows)
    rows[50] = (rows[50][0], -1.0, *rows[50][2:])
    bad = write_csv(tmp_path / "XRPUSDT-1m.csv", rows)
    said = ict("data", "import", good, bad, "--store", store, code=Exit.NEGATIVE)
    assert "XRPUSDT-1m.csv, row 51" in said
    assert "nothing was stored" in said
    assert [each.symbol for each in Repository(store).stored()] == ["BTCUSDT"]


def test_file_whose_name_tells_no_symbol_says_what_to_type(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "candles.csv", walk(3, 20))
    assert f"ict data import BTCUSDT={path}" in ict("data", "import", path, "--store", tmp_path / "s", code=Exit.USAGE)


def test_funding_rates_are_imported_beside_the_candles(store: Path, tmp_path: Path) -> None:
    """DATA-8: and `ict simulator --funding` can read what is stored."""
    path = text(
        tmp_path / "BTCUSDT-funding.csv",
        f"funding_time,funding_rate\n{NEW_YEAR},0.0001\n{NEW_YEAR + 8 * 3_600_000},-0.0002\n",
    )
    ict("data", "import", path, "--funding", "--store", store)
    shown = json.loads(ict("data", "show", "BTCUSDT", "--kind", "funding", "--store", store, "--json"))
    assert shown["head"] == [[NEW_YEAR, 0.0001], [NEW_YEAR + 8 * 3_600_000, -0.0002]]
    rates = RecordedFunding({"BTCUSDT": parse_data([f"BTCUSDT=repo:{store}"], "--funding")["BTCUSDT"]})
    assert rates.rates_at(NEW_YEAR) == {"BTCUSDT": Decimal("0.0001")}
    twice = text(tmp_path / "BTCUSDT-again.csv", f"funding_time,funding_rate\n{NEW_YEAR},0.0001\n{NEW_YEAR},0.2\n")
    assert "is none: rates are fractions" in ict("data", "import", twice, "--funding", "--store", store, code=Exit.NEGATIVE)


def test_list_says_range_size_and_holes(store: Path) -> None:
    """DATA-7."""
    (said,) = json.loads(ict("data", "list", "--store", store, "--json"))
    assert (said["symbol"], said["kind"], said["rows"], said["missing"], said["first"]) == ("BTCUSDT", "1m", 2_000, 0, START)
    assert said["bytes"] > 1_000
    assert "BTCUSDT" in ict("data", "list", "--store", store)


def test_list_of_a_past_day_is_its_universe(store: Path) -> None:
    """DATA-7: no survivorship bias."""
    assert json.loads(ict("data", "list", "--at", "2025-05-06", "--store", store, "--json")) == ["BTCUSDT"]
    assert json.loads(ict("data", "list", "--at", "2025-05-08", "--store", store, "--json")) == []


def test_list_of_nothing_says_what_to_type(tmp_path: Path) -> None:
    assert "ict data fetch BTCUSDT --from" in ict("data", "list", "--store", tmp_path)


def test_show_has_summary_and_rows_of_the_span(store: Path) -> None:
    """DATA-5."""
    span = ("--from", "2025-05-05T01:00", "--to", "2025-05-05T02:00")
    said = json.loads(ict("data", "show", "btcusdt", *span, "--rows", "2", "--store", store, "--json"))
    rows = walk(3, 2_000)[60:120]
    assert (said["rows"], said["first"], said["missing"]) == (60, START + 60 * MINUTE, 0)
    assert (said["open"], said["high"], said["low"], said["close"]) == (
        rows[0][1], max(row[2] for row in rows), min(row[3] for row in rows), rows[-1][4],
    )  # fmt: skip
    assert said["head"] == [list(row) for row in rows[:2]]
    assert "2025-05-05 01:00" in ict("data", "show", "BTCUSDT", *span, "--store", store)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("ETHUSDT",), Exit.USAGE, "there are BTCUSDT"),
        (("BTCUSDT", "--from", "2030-01-01"), Exit.NEGATIVE, "nothing is stored of BTCUSDT 1m in that span"),
        (("BTCUSDT", "--kind", "7m"), Exit.USAGE, "choose one of"),
        (("BTC USDT",), Exit.USAGE, "is no symbol"),
    ],
)
def test_show_of_nothing_says_what_there_is(store: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    assert says in ict("data", "show", *arguments, "--store", store, code=code)


def test_check_judges_every_series_and_longer_candles_by_their_minutes(store: Path, tmp_path: Path) -> None:
    """DATA-7: table and JSON."""
    hours = folded(walk(3, 2_000), 60)
    ict("data", "import", write_csv(tmp_path / "BTCUSDT-1h.csv", hours), "--store", store)
    minutes, longer = json.loads(ict("data", "check", store, "--json"))
    assert (minutes["kind"], minutes["good"], minutes["report"]["missing"]) == ("1m", True, 0)
    assert (longer["kind"], longer["comparison"]["compared"], longer["comparison"]["prices"]) == ("1h", 33, 0)
    assert "33 candles have the prices that their minutes give" in ict("data", "check", store / "BTCUSDT")


def test_check_fails_for_longer_candles_that_their_minutes_do_not_give(store: Path, tmp_path: Path) -> None:
    """DATA-7: the specimen."""
    hours = folded(walk(3, 2_000), 60)
    hours[7] = (*hours[7][:4], hours[7][4] - 0.5, hours[7][5])
    hours[7] = (*hours[7][:3], min(hours[7][3], hours[7][4]), *hours[7][4:])
    ict("data", "import", write_csv(tmp_path / "BTCUSDT-1h.csv", hours), "--store", store)
    said = ict("data", "check", store, code=Exit.NEGATIVE)
    assert "wrong: BTCUSDT 1h: 1 of 33 candles have other prices than their minutes, the first at 2025-05-05 07:00" in said


def test_damage_is_named_by_every_command_that_reads(store: Path) -> None:
    """DATA-5: a file that was altered is read by nobody."""
    (path,) = (store / "BTCUSDT" / "1m").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-10] + b"0123456789")
    assert f"damaged: BTCUSDT 1m: {path} was altered" in ict("data", "check", store, code=Exit.NEGATIVE)
    assert f"{path} was altered" in ict("data", "show", "BTCUSDT", "--store", store, code=Exit.NEGATIVE)
    said = ict("demo", "--data", f"BTCUSDT=repo:{store}", code=Exit.NEGATIVE)
    assert f"{path} was altered" in said
    assert "ict data fetch BTCUSDT --from DATE" in said


@pytest.mark.parametrize("form", ["repo:{store}", "{store}/BTCUSDT", "{store}/BTCUSDT/1m"])
def test_commands_that_take_data_take_the_repository(store: Path, form: str) -> None:
    """DATA-5: the same candles as from the file, and none of a file that no manifest names."""
    directory = store / "BTCUSDT" / "1m"
    write_csv(directory / "BTCUSDT-1m-2024-stray.csv", [(START - DAY, 1.0, 1.0, 1.0, 1.0, 1.0)], HEADER)
    path = parse_data([f"BTCUSDT={form.format(store=store)}"])["BTCUSDT"]
    source = FileSource({"BTCUSDT": path})
    assert [candle.open_time for _, raws in source.steps() for candle in raws] == [row[0] for row in walk(3, 2_000)]
    assert source.repairs == ()


def test_analyse_finds_in_the_repository_what_it_finds_in_the_file(store: Path, tmp_path: Path) -> None:
    """DATA-5: byte for byte."""
    found = []
    for place in (f"repo:{store}", tmp_path / "BTCUSDT-1m-2025-05.csv"):
        out = tmp_path / "events.jsonl"
        ict("analyse", "--timeframe", "15m", "--data", f"BTCUSDT={place}", "--out", out)
        found.append(out.read_bytes())
    assert found[0] == found[1] != b""


def test_repository_without_the_symbol_says_what_to_fetch(store: Path) -> None:
    with pytest.raises(BadOption, match=f"type: ict data fetch ETHUSDT --from DATE --store {store}"):
        parse_data([f"ETHUSDT=repo:{store}"])


def test_series_with_a_damaged_manifest_is_refused(tmp_path: Path) -> None:
    series = Repository(tmp_path).series("BTCUSDT")
    with series.locked():
        series.add([candles(1)])
    manifest = series.directory / "manifest.json"
    manifest.write_text("{}")
    with pytest.raises(SourceRefused, match="no manifest of ours"):
        FileSource({"BTCUSDT": series.directory})


def test_check_without_a_repository_says_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no such file" in ict("data", "check", code=Exit.NEGATIVE)
