"""Invariant 2: one process and separate processes over RabbitMQ decide the same, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.signals.strategies import STRATEGIES
from tests.support.processes.fleet import Fleet, ict, same_bytes, write_config

FILES = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
WEEK = ("--from", "2025-05-05", "--to", "2025-05-12")
SERVICES = {
    "split": ("ingest", "analysis", "signals", "risk", "execution", "journal"),
    "fused": ("ingest", "engine", "execution", "journal"),
}
#: The stops of those days are near: by the default, most entries would be refused for what they cost.
RISK = {"max_costs": 10}
SIX_HOURS = ("--from", "2025-05-05", "--to", "2025-05-05T06:00")  # with a trade at 05:15

TWO_DAYS = ("--from", "2025-05-05", "--to", "2025-05-07")

pytestmark = [pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.realdata, pytest.mark.timeout(900)]


@pytest.fixture
def data(market_data: Path) -> list[str]:
    arguments = []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        arguments += ["--data", f"{symbol}={market_data}/market/{symbol}-um-1m-2025-05-04_2025-06-24.parquet"]
    return arguments


def configuration(path: Path, namespace: str, rabbitmq: str, redis: str, layout: str = "split", **more: object) -> Path:
    return write_config(
        path,
        {
            "layout": layout,
            "risk": RISK,
            **more,
            "namespace": namespace,
            "bus": {"url": rabbitmq},
            "store": {"url": redis},
            "journal": {"url": f"sqlite+aiosqlite:///{path.parent}/journal-{layout}.sqlite"},
            "log": {"level": "INFO", "format": "json"},
        },
    )


def traded(folder: Path, **more: object) -> tuple[str, str]:
    """The option by which a demo trades under the same risk."""
    return "--config", str(write_config(folder / "demo.yaml", {"risk": RISK, **more}))


@pytest.mark.soak  # ten minutes on two quiet cores
@pytest.mark.timeout(1_700)
@pytest.mark.parametrize("layout", ["split", "fused"])
def test_a_week_over_rabbitmq_gives_the_bytes_of_one_process(
    tmp_path: Path, data: list[str], namespace: str, rabbitmq_url: str, redis_url: str, layout: str
) -> None:
    """Seven real days, both symbols: decisions, orders, fills and equity of `ict demo` and `ict replay` are identical."""
    config = configuration(tmp_path / "config.yaml", namespace, rabbitmq_url, redis_url, layout)
    demo = ict("demo", *traded(tmp_path), *data, *WEEK, "--out", str(tmp_path / "demo"), "--json")
    assert demo.returncode == 0, demo.stderr
    with Fleet(config, tmp_path / "logs", SERVICES[layout]) as fleet:
        replay = ict(
            "replay", "--config", str(config), *data, *WEEK, "--out", str(tmp_path / "replay"), "--json", timeout=1_500
        )
        assert replay.returncode == 0, replay.stderr + fleet.tail()
        assert all(fleet.alive().values()), fleet.tail()
    assert same_bytes(tmp_path / "demo", tmp_path / "replay", FILES) == []
    assert json.loads(demo.stdout)["decisions"] == 7 * 1440 * 2
    assert (tmp_path / "demo" / "fills.jsonl").stat().st_size > 0


@pytest.mark.parametrize("layout", ["split", "fused"])
def test_a_second_replay_on_the_same_services_gives_the_same_bytes(
    tmp_path: Path, data: list[str], namespace: str, rabbitmq_url: str, redis_url: str, layout: str
) -> None:
    """A replay owes nothing to the one before it, in either distributed layout; and neither does a second demo."""
    config = configuration(tmp_path / "config.yaml", namespace, rabbitmq_url, redis_url, layout)
    with Fleet(config, tmp_path / "logs", SERVICES[layout]) as fleet:
        for run in ("one", "two"):
            done = ict(
                "replay", "--config", str(config), *data, *SIX_HOURS, "--out", str(tmp_path / run), "--json", timeout=200
            )
            assert done.returncode == 0, done.stderr + fleet.tail()
            done = ict("demo", *traded(tmp_path), *data, *SIX_HOURS, "--out", str(tmp_path / f"demo-{run}"), "--json")
            assert done.returncode == 0, done.stderr
    for other in ("two", "demo-one", "demo-two"):
        assert same_bytes(tmp_path / "one", tmp_path / other, FILES) == []
    assert (tmp_path / "one" / "fills.jsonl").stat().st_size > 0


@pytest.mark.parametrize("span", [SIX_HOURS, pytest.param(TWO_DAYS, marks=pytest.mark.soak)], ids=["six hours", "two days"])
def test_with_every_strategy_the_bytes_over_rabbitmq_are_those_of_one_process(
    tmp_path: Path, data: list[str], namespace: str, rabbitmq_url: str, redis_url: str, span: tuple[str, ...]
) -> None:
    """SIG-3, SIG-8: limit entries, ladders and conflicts among them."""
    names = [name for name, strategy in STRATEGIES.items() if not strategy.drill]
    every = {"signals": {"strategies": names}}
    config = configuration(tmp_path / "config.yaml", namespace, rabbitmq_url, redis_url, **every)
    demo = ict("demo", *traded(tmp_path, **every), *data, *span, "--out", str(tmp_path / "demo"), "--json")
    assert demo.returncode == 0, demo.stderr
    with Fleet(config, tmp_path / "logs", SERVICES["split"]) as fleet:
        replay = ict(
            "replay", "--config", str(config), *data, *span, "--out", str(tmp_path / "replay"), "--json", timeout=800
        )
        assert replay.returncode == 0, replay.stderr + fleet.tail()
    assert same_bytes(tmp_path / "demo", tmp_path / "replay", FILES) == []
    decided = (tmp_path / "demo" / "decisions.jsonl").read_text()
    assert all(f'"{name}"' in decided for name in names), "each judged"
