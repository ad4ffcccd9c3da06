"""A drawdown in the whole system: risk orders everything closed, execution does it, the same bytes in every layout."""

from __future__ import annotations

import asyncio
import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from cli.settings import Settings
from cli.wiring import LAYOUTS, lane_policy, make_memory_bus, service_spec
from shared.bus.port import Bus
from shared.bus.topology import Layout
from shared.runtime.service import Service, running
from simulator.market.funding import ConstantFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.recorder import FILES, Recorder
from simulator.replay_driver import ReplayDriver
from tests.support.bus.unruly import UnrulyBus
from tests.support.risk.drill import DRILL_RISK

#: Orders at every close, so that something is held when the equity has fallen by one in a hundred.
SETTINGS = {
    "signals": {"strategies": ["ob_fvg", "every_close"], "drill": True},
    "risk": {**DRILL_RISK, "max_drawdown": 0.01, "max_losing_streak": 100},
    "journal": {"url": "sqlite+aiosqlite:///:memory:"},
}
DAYS = 0.4

Files = dict[str, bytes]


async def play(layout: Layout, recorder: Recorder, make_bus: Callable[[Settings], Bus]) -> None:
    """Replay the market through the services of a layout, on one in-memory bus."""
    settings = Settings.model_validate({**SETTINGS, "layout": layout})
    bus = make_bus(settings)
    await bus.start()
    services = [Service(service_spec(name, settings), bus, None, lane_policy(settings)) for name in LAYOUTS[layout]]
    market = GeneratedMarket(settings.symbols, DEFAULT_START, DAYS, 11)
    funding = ConstantFunding(settings.symbols, settings.market.funding_rate)
    driver = ReplayDriver(bus, market, funding, recorder, partitions=1, pinned={})
    try:
        async with running(services):
            await asyncio.wait_for(driver.run(), 60)
    finally:
        await bus.close()


def run(layout: Layout, make_bus: Callable[[Settings], Bus] = make_memory_bus) -> Files:
    """The four files of one run."""
    with tempfile.TemporaryDirectory() as directory:
        with Recorder(Path(directory)) as recorder:
            uvloop.run(play(layout, recorder, make_bus))
        return {name: (Path(directory) / name).read_bytes() for name in FILES}


@functools.cache
def embedded() -> Files:
    return run("embedded")


def lines(files: Files, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in files[name].splitlines()]


def test_a_drawdown_closes_everything_in_the_next_step_and_then_halts() -> None:
    """RISK-3: nobody is asked. What is held when the limit is reached is gone with the next statement."""
    files = embedded()
    states = [(line["time"], line["kill_switch"]) for line in lines(files, "equity.jsonl")]
    fallen = [time for time, state in states if state == "FLATTEN"]
    assert len(fallen) == 1, "it lasts from the statement that shows the drawdown to the next one"
    after = [state for time, state in states if isinstance(time, int) and time > fallen[0]]  # type: ignore[operator]  # ms
    assert set(after) == {"HALTED"}
    held: dict[object, float] = {}
    closes = 0
    for fill in lines(files, "fills.jsonl"):
        sign = 1 if fill["side"] == "BUY" else -1
        before = held.get(fill["symbol"], 0.0)
        held[fill["symbol"]] = round(before + sign * float(str(fill["quantity"])), 9)
        closes += fill["time"] == fallen[0] and abs(held[fill["symbol"]]) < abs(before)
    assert closes > 0
    assert set(held.values()) == {0.0}


@pytest.mark.parametrize("layout", ["split", "fused"])
def test_every_layout_closes_in_the_same_bytes(layout: Layout) -> None:
    """Invariant 2, RISK-3: the bundle keeps the order of the lock-step."""
    assert run(layout) == embedded()


def test_a_bus_that_repeats_and_delays_changes_nothing() -> None:
    """Invariant 3, RISK-3."""
    made = run("embedded", lambda settings: UnrulyBus(make_memory_bus(settings), 5, repeat=0.3, delay=0.4))
    assert made == embedded()
