"""Mode testnet, whole, against ``ict simulator``: the exchange is ill in many ways, and the journal stays its account.

Entries at every close turn positions over; then the market side stops and the order side must settle: what the journal holds
is what the exchange did, each order once, no fill lost, no position without a stop.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.domain.timeframes import MINUTE
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes.fleet import Fleet, ict, write_config
from tests.support.risk.drill import DRILL_RISK
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(480)]

SERVICES = ("execution", "engine", "journal", "notifier", "ingest")
HELD = 6_000  # ms that a fault holds; the market's time is ours, at speed 1
ORDERS = {"method": "POST", "path": "/fapi/v1/*rder"}
#: Rounds of faults. The first of each holds over a close, when entries leave; the others while their exits are at work.
ROUNDS: tuple[tuple[tuple[dict[str, Any], ...], ...], ...] = (
    (({"kind": "timeout_after_accept", "count": 2, **ORDERS}, {"kind": "lost_user_events"}), ({"kind": "rest_outage"},)),
    (({"kind": "unknown_503", "count": 2, **ORDERS}, {"kind": "duplicate_user_events"}), ({"kind": "disconnect"},)),
)
Traded = dict[tuple[str, str], Decimal]


def at_the_exchange(truth: dict[str, Any]) -> Traded:
    """Base quantity by symbol and side."""
    traded: Traded = defaultdict(Decimal)
    for trade in truth["trades"]:
        traded[trade["symbol"], trade["side"]] += Decimal(trade["qty"])
    return dict(traded)


def in_the_journal(path: Path) -> Traded:
    """The same as execution heard of it, each fill once."""
    traded: Traded = defaultdict(Decimal)
    with sqlite3.connect(path / "journal.sqlite") as database:
        for symbol, side, quantity in database.execute("select symbol, side, quantity from fills"):
            traded[symbol, side] += Decimal(quantity)
    return dict(traded)


def halted(path: Path) -> bool:
    """Execution has told that it knows of no state: entries wait for a person."""
    if not (path / "journal.sqlite").exists():
        return False
    try:
        with sqlite3.connect(path / "journal.sqlite") as database:
            return bool(database.execute("select 1 from controls where command = 'halt'").fetchall())
    except sqlite3.OperationalError:  # the tables are being made
        return False


def unprotected(truth: dict[str, Any]) -> list[str]:
    """Symbols with a position and no live stop."""
    stopped = {
        order["symbol"]
        for order in truth["algo_orders"]
        if order["algoStatus"] == "NEW" and order["orderType"] == "STOP_MARKET"
    }
    return [each["symbol"] for each in truth["positions"] if Decimal(each["positionAmt"]) and each["symbol"] not in stopped]


def test_the_whole_system_trades_through_faults_and_the_journal_is_the_exchanges_account(
    tmp_path: Path, rabbitmq_url: str, redis_url: str, namespace: str
) -> None:
    """EXEC-2, EXEC-3, EXEC-4, OPS-9: no order lost, none doubled, no position without a stop."""
    with SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1") as simulator:
        config = write_config(
            tmp_path / "testnet.yaml",
            {
                "mode": "testnet",
                "layout": "fused",
                "namespace": namespace,
                "timeframes": ["1m", "5m", "1h"],
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "journal": {"url": f"sqlite+aiosqlite:///{tmp_path}/journal.sqlite"},
                "exchange": simulator.exchange,
                "ingest": {"live": {"depth": False, "warm_up": {"candles": 20}}},
                "signals": {
                    "strategies": ["every_close"],
                    "drill": True,
                    "every_close": {"stop_distance": 0.001, "target_distance": 0.001},
                },
                "risk": DRILL_RISK,
                "log": {"level": "INFO", "format": "json"},
            },
        )
        with Fleet(config, tmp_path / "logs", SERVICES) as fleet:
            _until(lambda: halted(tmp_path), 60.0, fleet)
            rearmed = ict("rearm", "--yes", "--reason", "a first start: nothing to look at", "--config", str(config))
            assert rearmed.returncode == 0, rearmed.stderr
            struck: set[str] = set()
            for over_a_close, after_it in ROUNDS:
                for faults, waits in ((over_a_close, MINUTE - simulator.time % MINUTE), (after_it, 0)):
                    for fault in faults:
                        simulator.fault(**fault)
                    simulator.pass_time(waits + HELD, 90.0)
                    struck |= {fault["kind"] for fault in simulator.lift_all() if fault["hits"]}
                    _until(lambda: not unprotected(simulator.ask("account")), 20.0, fleet)
            _until(lambda: len(simulator.ask("account")["trades"]) >= 2, 90.0, fleet)
            assert fleet.terminate("engine") == 0, "no new entries from here on"
            _until(lambda: not unprotected(simulator.ask("account")), 20.0, fleet)
            _until(lambda: in_the_journal(tmp_path) == at_the_exchange(simulator.ask("account")), 40.0, fleet)
            truth = simulator.ask("account")
            assert all(fleet.terminate(name) == 0 for name in SERVICES if name != "engine"), fleet.tail()
        assert struck >= {"lost_user_events", "rest_outage"}, "faults that strike nothing prove nothing"
        names = [order["clientOrderId"] for order in truth["orders"]]
        assert len(names) == len(set(names)), "an order was placed twice"
        with sqlite3.connect(tmp_path / "journal.sqlite") as database:
            known = {name for (name,) in database.execute("select client_id from orders")}
            intents = database.execute("select count(*) from intents").fetchone()[0]
        ours = {order["clientOrderId"] for order in truth["orders"] if order["clientOrderId"].startswith("ict")}
        assert ours, "no order of ours reached the exchange"
        assert ours <= known, "the exchange has an order that the journal does not"
        assert intents >= 2


def _until(true: Any, seconds: float, fleet: Fleet) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, fleet.tail()
        time.sleep(0.2)
