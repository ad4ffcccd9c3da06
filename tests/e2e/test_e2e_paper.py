"""Mode paper, whole: a live market, every service, the simulated exchange; faults, a restart, and a clean end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.domain.timeframes import MINUTE
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SPEED = 60  # a minute of the market is a second


def settings(path: Path, simulator: SimulatorProcess) -> Mapping[str, object]:
    """The whole system in one process; it enters at every close, so that there are orders to lose or to double."""
    return {
        "mode": "paper",
        "layout": "embedded",
        "timeframes": ["1m", "5m", "1h"],
        "store": {"url": f"sqlite:///{path}/state.sqlite"},
        "journal": {"url": f"sqlite+aiosqlite:///{path}/journal.sqlite"},
        "exchange": simulator.exchange,
        "signals": {"strategies": ["every_close"], "drill": True, "every_close": {"stop_distance": 0.0005}},
        "risk": {"trades_per_day": 100_000, "daily_loss_limit": 0.9, "halt_loss_limit": 0.95},
        "log": {"level": "INFO", "format": "json"},
    }


def rows(path: Path, query: str) -> list[tuple]:
    with sqlite3.connect(path / "journal.sqlite") as database:
        return database.execute(query).fetchall()


def wait_for_minutes(path: Path, count: int, fleet: Fleet, seconds: float = 60.0) -> None:
    """Until so many equity reports stand in the journal: one a minute that the simulated exchange has passed."""
    began = time.monotonic()
    while not (path / "journal.sqlite").exists() or _equities(path) < count:
        assert time.monotonic() - began < seconds, fleet.tail()
        time.sleep(0.2)


def _equities(path: Path) -> int:
    try:
        return int(rows(path, "select count(*) from equity")[0][0])
    except sqlite3.OperationalError:  # the tables are being made
        return 0


def test_paper_trades_on_the_live_market_through_faults_and_a_restart(tmp_path: Path) -> None:
    """EXEC-2, DATA-8, OPS-1: the journal's candles are the exchange's; orders are placed once; the account goes on."""
    with SimulatorProcess(tmp_path / "simulator.log", speed=str(SPEED)) as simulator:
        config = write_config(tmp_path / "paper.yaml", settings(tmp_path, simulator))
        with Fleet(config, tmp_path / "logs", ("all",)) as fleet:
            wait_for_minutes(tmp_path, 4, fleet)
            simulator.fault("rest_outage")
            simulator.fault("disconnect")
            simulator.pass_time(90_000)  # some minute ends under it
            simulator.lift_all()
            wait_for_minutes(tmp_path, _equities(tmp_path) + 4, fleet)
            fleet.kill("all")
            reported = _equities(tmp_path)
            fleet.start("all")
            wait_for_minutes(tmp_path, reported + 6, fleet)
            assert fleet.terminate("all") == 0, fleet.tail()
        for symbol in SYMBOLS:
            ours = {
                row[0]: row[1:]
                for row in rows(
                    tmp_path,
                    "select open_time, open, high, low, close, volume from candles "
                    f"where timeframe = '1m' and symbol = '{symbol}'",
                )
            }
            truth = simulator.history(symbol, min(ours), max(ours))
            assert set(ours) == set(truth)
            assert [opened for opened in truth if ours[opened] != truth[opened]] == []
            assert max(ours) - min(ours) > 60 * MINUTE, "warm-up and live minutes together"
    assert rows(tmp_path, "select * from missing_candles") == []
    intents = int(rows(tmp_path, "select count(*) from intents")[0][0])
    assert intents >= 2
    entries = rows(tmp_path, "select client_id from orders where reduce_only = 0 and close_position = 0")
    assert len(entries) == len(set(entries)) <= intents
    trades = rows(tmp_path, "select state from trades")
    assert trades
