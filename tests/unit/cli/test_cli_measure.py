"""``ict measure``: counts in a file and on the terminal, the same for any number of processes; refusals are sentences."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.docs import measured as pages
from cli.docs import strategies
from cli.main import app
from cli.research.measured_words import lasted
from research.measure.record import Measured, read
from services.ingest.candle_source import Defect, SourceRefused
from services.signals.strategies import STRATEGIES
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.signals.demo_market import SEED, SYMBOLS

#: Everything that is measured unless asked otherwise.
NAMES = [each.name for each in STRATEGIES.values() if not each.drill]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo's market of a day."""
    from simulator.market.generator import GeneratedMarket

    folder = tmp_path_factory.mktemp("market")
    rows: dict[str, list[Any]] = {symbol: [] for symbol in SYMBOLS}
    for _, candles in GeneratedMarket(SYMBOLS, days=1.0, seed=SEED).steps():
        for each in candles:
            rows[each.symbol].append((each.open_time, each.open, each.high, each.low, each.close, each.volume))
    return {symbol: write_csv(folder / f"{symbol}.csv", rows[symbol]) for symbol in SYMBOLS}


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["measure", *map(str, arguments)])


def data(files: dict[str, Path], name: str = "") -> list[str]:
    before = f"{name}:" if name else ""
    return [word for symbol, path in files.items() for word in ("--data", f"{before}{symbol}={path}")]


def kept(path: Path) -> Measured:
    """The record, without what was typed."""
    record = read(path)
    return Measured(sets=tuple(type(each)(**{**_fields(each), "command": ""}) for each in record.sets))


def _fields(each: Any) -> dict[str, Any]:
    return {name: getattr(each, name) for name in each.__struct_fields__}


def test_every_strategy_is_measured_and_the_counts_are_those_of_scan(files: dict[str, Path], tmp_path: Path) -> None:
    """SIG-3, SIG-4: what `ict scan` lists is what is counted."""
    out = tmp_path / "new" / "record.json"
    result = ict(*data(files), "--out", out)
    assert result.exit_code == Exit.OK, result.output
    (one,) = read(out).sets
    assert (one.name, one.defaults) == ("candles", True)
    assert [(each.strategy, each.symbol) for each in one.strategies] == [(n, s) for n in NAMES for s in SYMBOLS]
    for each in one.strategies:
        assert each.closes == {"5m": 288, "15m": 96}[each.timeframe]
        assert each.longs + each.shorts == each.filled + each.expired + each.voided + each.waiting
        assert each.filled == each.ended + each.held
        assert each.errors == 0
        assert each.strategy in result.stdout
    words = [word for name in NAMES for word in ("--strategy", name)]
    lines = CliRunner().invoke(app, ["scan", *data(files), *words, "--csv"]).stdout.splitlines()[1:]
    assert len(lines) == sum(each.longs + each.shorts for each in one.strategies) > 20
    assert sum(",yes," in line for line in lines) == sum(each.chosen for each in one.strategies)


def test_processes_and_company_change_no_count(files: dict[str, Path], tmp_path: Path) -> None:
    """Two sets in two processes, one after the other, and added one by one."""
    asked = ("--strategy", "donchian", "--strategy", "sweep_reversal")
    one, other = data(files, "one"), data({"BTCUSDT": files["BTCUSDT"]}, "other")
    paths = [tmp_path / f"{number}.json" for number in range(3)]
    assert ict(*one, *other, *asked, "--jobs", 2, "--out", paths[0]).exit_code == Exit.OK
    assert ict(*one, *other, *asked, "--out", paths[1]).exit_code == Exit.OK
    for each in (one, other):
        assert ict(*each, *asked, "--add", "--out", paths[2]).exit_code == Exit.OK
    assert kept(paths[0]) == kept(paths[1]) == kept(paths[2])
    assert [each.name for each in kept(paths[0]).sets] == ["one", "other"]


def test_settings_that_are_not_built_in_are_told(files: dict[str, Path], tmp_path: Path) -> None:
    config, out = tmp_path / "mine.yaml", tmp_path / "record.json"
    config.write_text("signals: {ob_fvg: {warmup_candles: 1}}\n")
    assert ict(*data(files), "--strategy", "ob_fvg", "--config", config, "--out", out).exit_code == Exit.OK
    assert [each.defaults for each in read(out).sets] == [False]


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "short.csv", walk(1, 20, start=START))


REFUSED: dict[str, tuple[list[str], Exit, str]] = {
    "no such strategy": (["--data", "BTCUSDT={short}", "--strategy", "ob_gap"], Exit.USAGE, "ob_gap"),
    "no such file": (["--data", "BTCUSDT=none.csv"], Exit.NEGATIVE, "none.csv"),
    "a file without candles": (["--data", "BTCUSDT={empty}"], Exit.NEGATIVE, "no rows"),
    "no symbol": (["--data", "{short}"], Exit.USAGE, "write it as SYMBOL=FILE"),
    "a set without a name": (["--data", ":BTCUSDT={short}"], Exit.USAGE, "write it as SET:SYMBOL=FILE"),
    "a symbol twice in a set": (["--data", "a:BTCUSDT={short}", "--data", "a:BTCUSDT={short}"], Exit.USAGE, "given twice"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_a_sentence_and_leaves_no_file(
    words: list[str], code: Exit, sentence: str, short: Path, tmp_path: Path
) -> None:
    """Nothing half done."""
    empty, out = write_csv(tmp_path / "empty.csv", []), tmp_path / "out" / "record.json"
    result = ict(*[word.format(short=short, empty=empty) for word in words], "--out", out)
    assert (result.exit_code, out.parent.exists()) == (code, False)
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_place_where_nothing_can_be_written_is_found_before_the_work(short: Path, tmp_path: Path) -> None:
    for out, code, sentence in (
        (tmp_path, Exit.USAGE, "this is a directory; name a file"),
        (short / "record.json", Exit.NEGATIVE, "takes no file"),
    ):
        result = ict("--data", f"BTCUSDT={short}", "--out", out)
        assert result.exit_code == code
        assert sentence in result.stderr


def test_a_file_that_is_no_record_is_not_added_to(short: Path, tmp_path: Path) -> None:
    """The other file stays as it was."""
    out = tmp_path / "record.json"
    out.write_text("{}")
    result = ict("--data", f"BTCUSDT={short}", "--add", "--out", out)
    assert (result.exit_code, out.read_text()) == (Exit.NEGATIVE, "{}")
    assert "leave --add out to write it anew" in result.stderr


def test_a_refusal_comes_out_of_another_process_as_it_went_in() -> None:
    refused = SourceRefused([Defect(file="a.csv", row=3, reason="changed", text="no longer what was examined")])
    found = pickle.loads(pickle.dumps(refused))
    assert (str(found), found.defects) == (str(refused), refused.defects)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(None, "-"), (0, "0 min"), (45, "45 min"), (60, "1 h"), (190, "3 h 10 min"), (1_445, "1 d"), (3_100, "2 d 3 h")],
)
def test_lengths_of_time_are_written_in_two_parts_at_most(minutes: int | None, text: str) -> None:
    assert lasted(minutes) == text


def test_the_page_shows_what_the_file_says() -> None:
    """OPS-8: every strategy that can be switched on, default settings, no errors, and the command."""
    record, page = read(pages.RECORD), strategies.render()
    assert all(one.defaults for one in record.sets)
    assert sum(each.errors for one in record.sets for each in one.strategies) == 0
    for one in record.sets:
        assert list(dict.fromkeys(row.strategy for row in one.strategies)) == NAMES
        assert f".venv/bin/{one.command}" in page
        for each in one.symbols:
            assert f"| {one.name} | {each.symbol} | {each.candles:,} |" in page
        for row in one.strategies:
            section = page.partition(f"\n## {row.strategy}\n")[2].partition("\n## ")[0]
            assert (
                f"| {one.name} | {row.symbol} | {row.closes:,} | {row.longs:,} | {row.shorts:,} | {row.chosen:,} |"
                in section
            )


def test_a_count_that_changes_changes_the_page() -> None:
    """The specimen."""
    record = read(pages.RECORD)
    name = record.sets[0].strategies[0].strategy
    more = type(record.sets[0].strategies[0])(**{**_fields(record.sets[0].strategies[0]), "longs": 987_654})
    first = type(record.sets[0])(**{**_fields(record.sets[0]), "strategies": (more, *record.sets[0].strategies[1:])})
    changed = record.with_sets([first])
    assert "987,654" in "".join(pages.of_strategy(changed, name))
    total = sum(each.longs + each.shorts for each in changed.sets[0].strategies if each.strategy == name)
    assert f"{total:,}" in "".join(pages.overview(changed))
    assert list(pages.of_strategy(record, "nobody")) == []
