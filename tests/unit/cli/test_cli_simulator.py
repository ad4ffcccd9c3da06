"""``ict simulator``: what it says no to, and which market it opens."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from cli.data.options import BadOption
from cli.main import app
from cli.run.simulator import open_funding, open_ticks, parse_motion
from cli.settings import Settings
from services.ingest.files.file_source import FileSource
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from simulator.market.funding import ConstantFunding, RecordedFunding
from simulator.server.serving import symbols_of
from simulator.tape.tape_market import TapeMarket


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings from outside, and no log configuration that outlives the test."""
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_the_speed_is_a_number_or_one_of_two_words() -> None:
    """OPS-9: max has no number; step stands still."""
    assert [parse_motion(text) for text in ("max", "step", "1", "0.5", "3600")] == [None, 0.0, 1.0, 0.5, 3600.0]
    for text in ("fast", "-1", "nan", "inf"):
        with pytest.raises(BadOption, match="--speed"):
            parse_motion(text)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--speed", "fast"), Exit.USAGE, "--speed fast"),
        (("--data", "BTCUSDT=a.csv", "--ticks", "BTCUSDT=a.gz"), Exit.USAGE, "cannot be mixed"),
        (("--data", "BTCUSDT=/nowhere/a.parquet"), Exit.NEGATIVE, "/nowhere/a.parquet"),
        (("--scenario", "/nowhere/s.yaml", "--port", "0"), Exit.USAGE, "/nowhere/s.yaml"),
        (("--tls", "/nowhere", "--port", "0"), Exit.USAGE, "server.tls: /nowhere needs certificate.pem and key.pem"),
        (("--funding", "BTCUSDT"), Exit.USAGE, "--funding BTCUSDT: write it as SYMBOL=FILE"),
        (("--funding", "SOLUSDT=a.csv"), Exit.USAGE, "--funding SOLUSDT: it is not traded here"),
        (("--funding", "BTCUSDT=/nowhere/a.csv"), Exit.NEGATIVE, "/nowhere/a.csv"),
        (("--port", "70000"), Exit.CONFIG_INVALID, "server.port"),
    ],
)
def test_unservable_market_is_refused_with_the_reason(arguments: tuple[str, ...], code: Exit, says: str) -> None:
    """OPS-2: before anything listens."""
    result = CliRunner().invoke(app, ["simulator", *arguments])
    assert result.exit_code == code
    assert says in result.output


def test_a_port_that_is_taken_is_said() -> None:
    """OPS-2: the message says what to choose."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["simulator", "--port", str(port)])
    assert result.exit_code == Exit.NEGATIVE
    assert f"127.0.0.1:{port}" in result.output
    assert "choose --port" in result.output


def settings_of(**server: object) -> Settings:
    return Settings.model_validate({"server": server})


def test_a_generated_market_may_end_its_history_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-9: --now: the market begins with the minute that is running."""
    monkeypatch.setattr("cli.run.simulator.time.time", lambda: 1_763_726_444.5)
    settings = settings_of(start="now", tape={"history_minutes": 10})
    source = open_ticks(settings, symbols_of(settings.symbols, settings.server), {}, {}, 3)
    assert source.start == 1_763_726_400_000


def test_recorded_candles_are_played_number_for_number(market_data: Path, tmp_path: Path) -> None:
    """DATA-6: an hour of real candles comes out of the server's klines as it was recorded."""
    recorded = market_data / "market" / "BTCUSDT-um-1m-2025-05-04_2025-06-24.parquet"
    whole = FileSource({"BTCUSDT": recorded})
    first = [candles[0] for _, (_, candles) in zip(range(70), whole.steps(), strict=False)]
    path = tmp_path / "hour.csv"
    lines = [f"{c.open_time},{c.open},{c.high},{c.low},{c.close},{c.volume}" for c in first]
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *lines]) + "\n")
    settings = settings_of(tape={"history_minutes": 10})
    symbols = symbols_of(("BTCUSDT",), settings.server)
    source = open_ticks(settings, symbols, {"BTCUSDT": path}, {}, 3)
    market = TapeMarket(source, symbols.grids, ConstantFunding(("BTCUSDT",)), settings.server.tape)
    list(market.advance(source.start + 60 * MINUTE))
    grid = symbols.grids["BTCUSDT"]
    closed = list(market["BTCUSDT"].klines.closed("1m"))
    assert [
        (
            k.open_time,
            *(float(grid.price(each)) for each in (k.open, k.high, k.low, k.close)),
            float(grid.quantity(k.volume)),
        )
        for k in closed
    ] == [(c.open_time, c.open, c.high, c.low, c.close, c.volume) for c in first]


def test_recorded_messages_are_a_market(market_data: Path) -> None:
    """DATA-6: --ticks."""
    settings = settings_of()
    symbols = symbols_of(("ETHUSDT",), settings.server)
    path = market_data / "ticks" / "ethusdt_20240808.gz"
    source = open_ticks(settings, symbols, {}, {"ETHUSDT": path}, 3)
    assert source.symbols == ("ETHUSDT",)
    assert source.start % MINUTE == 0


def test_a_bad_row_of_a_funding_file_is_named(tmp_path: Path) -> None:
    """OPS-2: file, row, reason."""
    file = tmp_path / "funding.csv"
    file.write_text("funding_time,funding_rate\n1736121600000,0.0001\n1736150400000,3\n")
    result = CliRunner().invoke(app, ["simulator", "--funding", f"BTCUSDT={file}", "--port", "0"])
    assert result.exit_code == Exit.NEGATIVE
    assert f"{file}, row 2: funding_rate 3.0 is beyond" in result.output


@pytest.mark.realdata
def test_recorded_funding_is_settled_as_it_was(market_data: Path) -> None:
    """BT-1: the recording begins at 15:33 on 2025-05-04; at 16:00 its own rate is paid."""
    candles = market_data / "market" / "BTCUSDT-um-1m-2025-05-04_2025-06-24.parquet"
    file = market_data / "market" / "BTCUSDT-um-funding-2019_2026-05.parquet"
    settings = settings_of(tape={"history_minutes": 10, "trades_per_minute": 4})
    symbols = symbols_of(("BTCUSDT",), settings.server)
    source = open_ticks(settings, symbols, {"BTCUSDT": candles}, {}, 3)
    funding = open_funding(settings, source, {"BTCUSDT": file})
    market = TapeMarket(source, symbols.grids, funding, settings.server.tape)
    for _ in market.advance(source.start + 60 * MINUTE):
        pass
    known = RecordedFunding({"BTCUSDT": file})
    at = source.start - source.start % (480 * MINUTE) + 480 * MINUTE
    (settled,) = [each for each in market.settled["BTCUSDT"] if each.time > source.start]
    assert (settled.time, settled.rate) == (at, known.rates_at(at)["BTCUSDT"])
    assert settled.rate != Decimal(settings.market.funding_rate)
