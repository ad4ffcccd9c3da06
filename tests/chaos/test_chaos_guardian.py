"""The guardian in a process of its own before a real exchange server: nobody else protects what is held (EXEC-3).

``ict simulator`` is the exchange, with its faults. That the guardian acts while execution runs, and when it is gone, is in
``test_chaos_guardian_execution``.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from shared.runtime.process.exits import Exit
from tests.support.guardian.ground import BTC, Ground, a_ground
from tests.support.processes.fleet import ict, write_config

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(180)]

#: What a busy machine may add to a span, seconds.
SLACK = 1.5
RSS = 80_000_000


def test_without_a_key_of_its_own_or_anything_to_guard_it_does_not_start(tmp_path: Path) -> None:
    """EXEC-3: it says what is missing; so does the long way through the command line."""
    bare = write_config(tmp_path / "bare.yaml", {"mode": "testnet", "signals": {"nonsense": 1}})
    for words in (("guardian", "--config", str(bare)), ("--config", str(bare), "guardian")):
        run = ict("run", *words)
        assert run.returncode == Exit.REFUSED
        assert "ICT_GUARDIAN__KEY" in run.stderr
    run = ict("run", "guardian")
    assert (run.returncode, "nothing to guard" in run.stderr) == (Exit.USAGE, True)
    wrong = write_config(tmp_path / "wrong.yaml", {"guardian": {"distance": 2}})
    run = ict("run", "guardian", "-c", str(wrong))
    assert run.returncode == Exit.CONFIG_INVALID
    assert "guardian.distance" in run.stderr


async def test_a_position_without_a_stop_gets_one_and_nothing_is_left_when_it_is_flat(tmp_path: Path) -> None:
    """EXEC-3, OPS-9: by stream and reading; the alarm comes at the second try, the heartbeat goes out, memory is small."""
    async with a_ground(tmp_path, act_after_ms=1_000, lag_ms=2_000) as ground:
        ground.ears.failing = 1
        ground.start()
        await ground.ready()
        await ground.trade("BUY")
        took = await ground.until(lambda: bool(ground.own()), 10, "a stop of the guardian")
        assert took < 1.0 + SLACK
        (stop,) = ground.own()
        mark = float(ground.simulator.ask("state")["symbols"][BTC]["last"])
        assert (bool(stop["closePosition"]), stop["side"]) == (True, "SELL")
        assert 0.01 < 1 - float(stop["triggerPrice"]) / mark < 0.03
        await ground.until(lambda: any("placed" in each["key"] for each in ground.ears.alarms), 10, "its alarm")
        assert ground.metric("ict_guardian_unprotected_time_seconds_total") > 0
        assert ground.process is not None
        rss = psutil.Process(ground.process.pid).memory_info().rss
        print(f"protected after {took:.2f} s; resident memory {rss / 1e6:.1f} MB")
        assert rss < RSS
        await ground.trade("SELL")
        await ground.until(lambda: not ground.own(), 15, "the orphan's end")
        assert ground.metric("ict_guardian_unprotected_seconds") == 0
        assert ground.ears.beats > 0
        assert ground.closes() == []
        assert ground.stop() == 0


async def test_a_stop_that_is_refused_is_alarmed_and_placed_as_soon_as_it_is_taken(tmp_path: Path) -> None:
    """EXEC-3: the exchange takes no order for a while; nothing is closed for that."""
    async with a_ground(tmp_path, act_after_ms=1_000) as ground:
        ground.start()
        await ground.ready()
        await ground.trade("BUY")
        await ground.executions_stop()
        ground.simulator.fault("unavailable_503", method="POST", path="/fapi/v1/*rder")
        await ground.cancel_stops()
        await ground.until(lambda: any("refused" in each["key"] for each in ground.ears.alarms), 15, "the alarm")
        await ground.pass_time(2_000)
        assert (ground.own(), ground.closes()) == ([], [])
        ground.simulator.lift_all()
        await ground.until(lambda: bool(ground.own()), 5 + SLACK, "a stop of the guardian")
        assert (ground.held() > 0, ground.closes()) == (True, [])


async def test_a_position_for_which_no_stop_is_taken_is_closed(tmp_path: Path) -> None:
    """EXEC-3: the exchange answers, and refuses each stop for longer than its readings may lag."""
    async with a_ground(tmp_path, act_after_ms=500, lag_ms=1_500) as ground:
        ground.start()
        await ground.ready()
        ground.simulator.fault("error_answer", method="POST", path="/fapi/v1/algoOrder", code=-4045)
        await ground.trade("BUY")
        await ground.until(lambda: ground.held() == 0, 15, "the close")
        assert len(ground.closes()) == 1
        assert any("closed" in each["key"] for each in ground.ears.alarms)


async def test_readings_that_lag_close_nothing_that_is_protected(tmp_path: Path) -> None:
    """EXEC-3: -4130 proves that a stop stands which five seconds old readings do not show."""
    async with a_ground(tmp_path) as ground:
        ground.start()
        await ground.ready()
        ground.simulator.fault("lost_user_events")
        ground.simulator.fault("stale_reads", ms=5_000)
        await ground.trade("BUY")
        stop = await ground.executions_stop()
        await ground.pass_time(5_000)
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            assert [each["clientAlgoId"] for each in await asyncio.to_thread(ground.stops)] == [stop]
            await asyncio.sleep(0.3)
        assert (ground.held(), ground.closes()) == (Decimal("0.010"), [])
        assert not any("placed" in each["key"] for each in ground.ears.alarms)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_the_guardian_keeps_below_its_request_weight(tmp_path: Path) -> None:
    """EXEC-3, OPS-9: ten symbols held, each bare once: at most 300 in any minute by the simulator's own count."""
    names = tuple(f"{base}USDT" for base in ("BTC", "ETH", "SOL", "XRP", "BNB", "ADA", "DOGE", "LINK", "AVAX", "LTC"))
    async with a_ground(tmp_path, symbols=names) as ground:
        ground.start()
        await ground.ready()
        rules = (await ground.person.exchange_info()).symbols
        marks = {each.symbol: each.mark for each in await ground.person.mark_prices()}
        for symbol in names:
            step = rules[symbol].step_size
            quantity = max((Decimal(200) / marks[symbol] / step).to_integral_value(), Decimal(1)) * step
            await ground.trade("BUY", symbol, quantity)
        await ground.until(lambda: all(ground.own(symbol) for symbol in names), 15, "ten stops")
        await ground.pass_time(round(61 - time.time() % 60) * 1_000)
        first = await asyncio.to_thread(_used_weight, ground)
        await ground.pass_time(round(57 - time.time() % 60) * 1_000, every=1.0)
        used = await asyncio.to_thread(_used_weight, ground)
        print(f"request weight of the guardian with ten positions: {used} in a minute")
        assert 150 <= used - first <= used <= 300  # a part of a minute says nothing: what it may not use now it used before


def _used_weight(ground: Ground) -> int:
    with urllib.request.urlopen(f"{ground.simulator.url}/fapi/v1/ping", timeout=10) as answer:
        return int(answer.headers["X-MBX-USED-WEIGHT-1M"])
