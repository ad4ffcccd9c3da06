"""The whole system on a bus that repeats and delays everything it may: nothing changes (invariant 3)."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cli.play.demo import play
from cli.settings import Settings
from cli.wiring import make_memory_bus
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.recorder import FILES, Recorder
from tests.support.bus.unruly import UnrulyBus
from tests.support.risk.drill import DRILL_RISK

#: Half a day with an order at every close and both symbols, so that every path of execution is busy.
SETTINGS = Settings.model_validate(
    {
        "signals": {"strategies": ["ob_fvg", "every_close"], "drill": True},
        "risk": DRILL_RISK,
        "journal": {"url": "sqlite+aiosqlite:///:memory:"},  # not that of whoever runs the tests
    }
)
DAYS = 0.4


def run(make_bus: Any, timeout: float = 60) -> dict[str, bytes]:
    """The four files of one run."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        market = GeneratedMarket(SETTINGS.symbols, DEFAULT_START, DAYS, 11)

        async def bounded(recorder: Recorder) -> None:
            await asyncio.wait_for(play(SETTINGS, market, recorder, speed=None, make_bus=make_bus), timeout)

        with Recorder(out) as recorder:
            uvloop.run(bounded(recorder))
        return {name: (out / name).read_bytes() for name in FILES}


@functools.cache
def undisturbed() -> dict[str, bytes]:
    return run(make_memory_bus)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), repeat=st.floats(0.0, 0.4), delay=st.floats(0.0, 0.6))
def test_repeats_and_delays_change_no_decision_order_or_fill(seed: int, repeat: float, delay: float) -> None:
    """EXEC-2, OPS-1: at-least-once transport, exactly-once effect, through every stage at once."""
    assert run(lambda settings: UnrulyBus(make_memory_bus(settings), seed, repeat=repeat, delay=delay)) == undisturbed()


def test_the_run_has_something_to_lose() -> None:
    """Half a day of orders at every close: an empty run would prove nothing."""
    files = undisturbed()
    assert files["orders.jsonl"].count(b"\n") > 100
    assert files["fills.jsonl"].count(b"\n") > 50


def test_a_bus_that_loses_messages_is_noticed() -> None:
    """The specimen: a lossy bus must not pass for an unruly one. The lock-step stands still or the bytes differ."""
    try:
        files = run(lambda settings: UnrulyBus(make_memory_bus(settings), 1, repeat=0.0, delay=0.0, lose=0.002), timeout=5)
    except TimeoutError:
        return
    if files == undisturbed():
        pytest.fail("a bus that lost messages was not noticed")
