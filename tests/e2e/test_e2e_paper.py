"""Mode paper, whole: a live market, every service, the simulated exchange; faults, a restart, and a clean end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shared.domain.timeframes import MINUTE
from tests.support.processes.fleet import Fleet, write_config
from tests.support.risk.drill import DRILL_RISK
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SYMBOLS = ("BTCUSDT", "ETHUSDT")
PATIENCE = 240.0  # seconds: the market's time is ours, because signals go stale by the process's own clock


def settings(path: Path, simulator: SimulatorProcess) -> Mapping[str, object]:
    """The whole system in one process; it enters at every close, so that there are orders to lose or to double."""
    return {
        "mode": "paper",
        "layout": "embedded",
        "timeframes": ["1m", "5m", "1h"],
        "store": {"url": f"sqlite:///{path}/state.sqlite"},
        "journal": {"url": f"sqlite+aiosqlite:///{path}/journal.sqlite"},
        "exchange": simulator.exchange,
        "signals": {
            "strategies": ["every_close"],
            "drill": True,
            "every_close": {"stop_distance": 0.0005, "target_distance": 0.0005},
        },
        "risk": DRILL_RISK,
        "log": {"level": "INFO", "format": "json"},
    }


def rows(path: Path, query: str) -> list[tuple]:
    with sqlite3.connect(path / "journal.sqlite") as database:
        return database.execute(query).fetchall()


def number(path: Path, query: str) -> int:
    """The one number that the journal answers; 0 while its tables are being made."""
    if not (path / "journal.sqlite").exists():
        return 0
    try:
        return int(rows(path, query)[0][0] or 0)
    except sqlite3.OperationalError:
        return 0


def until(true: Callable[[], bool], fleet: Fleet, seconds: float = PATIENCE) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, fleet.tail()
        time.sleep(0.2)


def decided(path: Path) -> int:
    """The newest close, ms, that the whole pipeline has decided on."""
    return number(path, "select max(close_time) from decisions")


def test_paper_trades_on_the_live_market_through_faults_and_a_restart(tmp_path: Path) -> None:
    """EXEC-2, DATA-8, OPS-1: the journal's candles are the exchange's; orders are placed once; the account goes on.

    Two closes of the market are waited for: one passes under faults, one after the restart.
    """
    with SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1") as simulator:
        config = write_config(tmp_path / "paper.yaml", settings(tmp_path, simulator))
        with Fleet(config, tmp_path / "logs", ("all",)) as fleet:
            until(lambda: decided(tmp_path) > 0, fleet)  # the minutes before the start, and the first entries
            for fault in ("rest_outage", "refuse_streams", "disconnect"):
                simulator.fault(fault)
            unheard = simulator.time // MINUTE * MINUTE + MINUTE
            simulator.pass_time(unheard - simulator.time + 1_000, PATIENCE)
            assert decided(tmp_path) < unheard, "the close was heard under the faults"
            simulator.lift_all()
            until(lambda: decided(tmp_path) >= unheard, fleet)
            fleet.kill("all")
            reported = number(tmp_path, "select max(time) from equity")
            fleet.start("all")
            until(lambda: decided(tmp_path) > unheard, fleet)
            until(lambda: number(tmp_path, "select max(time) from equity") > reported, fleet)
            until(lambda: number(tmp_path, "select count(*) from trades") > 0, fleet)
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
