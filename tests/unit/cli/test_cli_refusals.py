"""What the command says no to: every error at once, with its place and cure, before anything is started."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from shared.bus.memory.bus import MemoryBus
from shared.bus.rabbitmq.bus import RabbitBus
from shared.runtime.process.exits import Exit

HEADER = "open_time,open,high,low,close,volume\n"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings from outside, no log configuration that outlives the test, and nothing that may start."""
    for name in ("ICT_CONFIG", "ICT_LAYOUT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))

    async def never(self: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(MemoryBus, "start", never)
    monkeypatch.setattr(RabbitBus, "start", never)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text("mode: simm\naccount: {leverage: 500, levrage: 3}\njournal: {max_batch: 0}\nsymbols: []\n")
    return path


WRONG = (
    ":1: mode = simm: must be one of sim, paper, testnet, live",
    ":2: account.leverage = 500: must be a whole number from 1 to 150",
    ":2: account.levrage: there is no such setting; did you mean leverage?",
    ":3: journal.max_batch = 0: must be a whole number from 1 to 10000",
    ":4: symbols = []: must be a list",
)


def test_check_names_every_error_with_its_place_and_what_is_allowed(bad: Path) -> None:
    """Five errors are told in one go, not in five."""
    result = ict("check", "--config", bad)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert "configuration invalid, 5 errors" in result.output
    for error in WRONG:
        assert f"{bad}{error}" in result.output


def test_check_as_json_has_the_same_errors(bad: Path) -> None:
    """For machines."""
    result = ict("check", "--json", "--config", bad)
    assert result.exit_code == Exit.CONFIG_INVALID
    answer = msgspec.json.decode(result.stdout)
    assert answer["valid"] is False
    assert len(answer["errors"]) == len(WRONG)
    assert all(any(error in each for each in answer["errors"]) for error in WRONG)


def test_check_of_a_good_configuration_says_what_it_means(tmp_path: Path) -> None:
    """Exit 0, and a sentence that shows what was understood."""
    path = tmp_path / "good.yaml"
    path.write_text("symbols: [SOLUSDT]\nlayout: fused\n")
    result = ict("check", "--config", path)
    assert result.exit_code == Exit.OK
    assert "layout fused, SOLUSDT, 8 timeframes, 1 partition\n" in result.output
    assert msgspec.json.decode(ict("check", "--json", "--config", path).stdout) == {"valid": True}


@pytest.mark.parametrize("command", [("demo",), ("replay",), ("run", "risk"), ("topology",), ("pause", "--reason", "drill")])
def test_no_command_starts_with_a_bad_configuration(bad: Path, command: tuple[str, ...]) -> None:
    """Exit 3 with every error, whatever was asked for."""
    result = ict(*command, "--config", bad)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert all(error in result.output for error in WRONG)


def test_demo_refuses_bad_files_with_file_row_and_reason(tmp_path: Path) -> None:
    """DATA-3: every defect of every file, and nothing was played."""
    broken, lost = tmp_path / "btc.csv", tmp_path / "eth.parquet"
    broken.write_text(HEADER + "1700000040000,1,2,0.5,1,1\n1700000100000,1,0.5,2,1,1\n1700000160000,1,2,0.5,nan,1\n")
    result = ict("demo", "--data", f"BTCUSDT={broken}", "--data", f"ETHUSDT={lost}", "--out", tmp_path / "out")
    assert result.exit_code == Exit.NEGATIVE
    for line in (f"{broken}, row 2: ", f"{broken}, row 3: ", f"{lost}: "):
        assert line in result.output
    assert all(f"[{reason}]" in result.output for reason in ("inverted", "not_finite", "missing_file"))
    assert not (tmp_path / "out").exists()


def test_a_refused_run_leaves_the_files_of_the_one_before_alone(tmp_path: Path) -> None:
    """DATA-3: a mistyped file name must not cost the journal of the last run."""
    journal = tmp_path / "journal.sqlite"
    journal.write_bytes(b"the last run")
    assert ict("demo", "--data", f"BTCUSDT={tmp_path / 'lost.csv'}", "--out", tmp_path).exit_code == Exit.NEGATIVE
    assert ict("demo", "--from", "soon", "--out", tmp_path).exit_code == Exit.USAGE
    assert journal.read_bytes() == b"the last run"
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite"]


def test_demo_refuses_dates_outside_of_the_file(tmp_path: Path) -> None:
    """DATA-6: an empty span is told, not played."""
    path = tmp_path / "btc.csv"
    path.write_text(HEADER + "1700000040000,1,2,0.5,1,1\n")
    result = ict("demo", "--data", f"BTCUSDT={path}", "--from", "2030-01-01")
    assert result.exit_code == Exit.NEGATIVE
    assert "[nothing_in_range]" in result.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("demo", "--speed", "nonsense"), "--speed nonsense"),
        (("demo", "--data", "btc.csv"), "SYMBOL=FILE"),
        (("demo", "--from", "soon"), "--from soon"),
        (("demo", "--days", "many"), "--days"),
        (("replay", "--bus", "pigeon"), "--bus"),
        (("health", "http://example.org/readyz"), "only this machine"),
        (("rearm",), "--reason"),
        (("pause", "--reason", " "), "say why"),
        (("rearm", "--reason", ""), "say why"),
        (("close", "btc-usdt"), "is no symbol"),
        (("flatten",), "say --yes"),
        (("close", "BTCUSDT"), "say --yes"),
        (("rearm", "--reason", "looked at it"), "say --yes"),
        (("flatten", "--direct"), "modes testnet and live"),
        (("cancel", "--direct"), "modes testnet and live"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_wrong_option_is_a_usage_error_that_names_it(arguments: tuple[str, ...], named: str) -> None:
    """Exit 2 is for what was typed."""
    result = ict(*arguments)
    assert result.exit_code == Exit.USAGE
    assert named in result.output


@pytest.mark.parametrize(
    ("layout", "service", "told"),
    [
        ("split", "nonsense", "split has no service 'nonsense'"),
        ("split", "simulator", "split has no service 'simulator'; it has: ingest"),
        ("split", "engine", "it has: ingest, analysis, signals, risk, execution, journal, notifier"),
        ("fused", "risk", "it has: ingest, engine, execution, journal, notifier"),
        ("fused", "signals", "fused has no service 'signals'"),
        ("embedded", "risk", "ict run all"),
        ("embedded", "execution", "ict run all"),
    ],
)
def test_a_service_that_the_layout_does_not_have_is_refused_with_those_that_it_has(
    tmp_path: Path, layout: str, service: str, told: str
) -> None:
    """OPS-1: exit 2; nothing listens, nothing connects."""
    config = tmp_path / "layout.yaml"
    config.write_text(f"layout: {layout}\n")
    result = ict("run", service, "--config", config)
    assert result.exit_code == Exit.USAGE
    assert told in result.output


def test_a_process_that_would_take_nothing_is_refused(tmp_path: Path) -> None:
    """OPS-1: globs that match no symbol are a mistake, not a service that idles for ever."""
    config = tmp_path / "take.yaml"
    config.write_text("take: {symbols: ['DOGE*']}\n")
    result = ict("run", "signals", "--config", config)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert "DOGE*" in result.output


def test_service_whose_recorded_market_cannot_be_read_ends_with_the_files_defects(tmp_path: Path) -> None:
    """DATA-3: as `ict demo` and `ict check` do; nothing is left to a traceback."""
    path = tmp_path / "files.yaml"
    files = f"{{BTCUSDT: {tmp_path}/absent.csv}}"
    path.write_text(f"symbols: [BTCUSDT]\nlayout: embedded\nhttp: {{port: 0}}\nmarket: {{source: files, files: {files}}}\n")
    result = ict("run", "all", "--config", path)
    assert result.exit_code == Exit.NEGATIVE
    assert "absent.csv: there is no such file; check the path" in result.output
    assert "Traceback" not in result.output
