"""How long strategies take: measured beside the core, told once an hour, and without effect on what is decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from prometheus_client.core import HistogramMetricFamily

from services.signals.core import SignalsCore
from services.signals.metrics import StrategyFigures
from services.signals.settings import SignalsSettings
from services.signals.stopwatch import Stopwatch
from services.signals.strategies.ob_fvg import ObFvgSettings
from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Topology
from shared.domain.control import Alert
from shared.domain.timeframes import DURATION, TIMEFRAMES
from shared.runtime.lane.metrics import Timing
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.service import Service, ServiceSpec
from shared.store.memory import MemoryStore
from tests.support.bus.contract import Collector, queue
from tests.support.signals.scenes import CLOSE, QUARTER, block, bundles_of, gap

HOUR = DURATION["1h"]
SETTINGS = SignalsSettings(strategies=("ob_fvg",), ob_fvg=ObFvgSettings(warmup_candles=0))


def stopwatch(*seconds: float, slow_ms: int = 500, figures: StrategyFigures | None = None) -> Stopwatch:
    """One by whose counter the judgements take so long, one after the other; the last for ever."""

    def readings() -> Iterator[float]:
        at = 0.0
        for number in range(10_000):
            yield at
            at += seconds[min(number, len(seconds) - 1)]
            yield at

    return Stopwatch(slow_ms, (figures or StrategyFigures()).timing, readings().__next__)


def judged(target: SignalsCore, at: int = CLOSE) -> list[object]:
    return [each for message in bundles_of(at, TIMEFRAMES, block(), gap()) for each in target.handle(message, at)]


def test_a_slow_strategy_changes_no_decision_and_no_state() -> None:
    """Invariant 2: a clock beside the core is none inside."""
    plain = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS)
    timed = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS, ask=stopwatch(9.0).ask)
    assert judged(timed) == judged(plain)
    assert timed.snapshot() == plain.snapshot()
    assert timed.overview() == plain.overview()


def test_every_judgement_is_counted_in_the_histogram_of_its_strategy() -> None:
    """OPS-3: also a fast one."""
    figures = StrategyFigures()
    target = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS, ask=stopwatch(0.25, 0.5, figures=figures).ask)
    judged(target)
    judged(target, CLOSE + QUARTER)
    (family,) = [each for each in figures.collect() if isinstance(each, HistogramMetricFamily)]
    found = {each.name: each.value for each in family.samples if "le" not in each.labels}
    assert (family.name, found) == (
        "ict_signals_judge_seconds",
        {"ict_signals_judge_seconds_count": 2.0, "ict_signals_judge_seconds_sum": 0.75},
    )


def test_a_slow_strategy_is_told_with_its_name_once_an_hour_and_with_its_count() -> None:
    """SIG-8: the longest one is named; what came within the hour is counted in the next alert."""
    watch = stopwatch(0.6, 0.9, 0.7, 0.5, 2.0)
    target = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS, ask=watch.ask)
    judged(target)
    (first,) = watch.due(CLOSE)
    assert (first.severity, first.key, first.source) == ("warning", "strategy_slow.ob_fvg", "signals")
    assert f"ob_fvg took 600 ms to judge BTCUSDT at the close {CLOSE}" in first.text
    for number in range(1, 4):
        judged(target, CLOSE + number * QUARTER)
        assert watch.due(CLOSE + HOUR - 1) == []
    (second,) = watch.due(CLOSE + HOUR)
    assert f"took 900 ms to judge BTCUSDT at the close {CLOSE + QUARTER}" in second.text
    assert "2 of its judgements" in second.text, "half a second is not longer than half a second"
    assert watch.due(CLOSE + 2 * HOUR) == []


def test_with_the_setting_at_zero_nothing_is_told() -> None:
    """SIG-8: the histogram goes on."""
    watch = stopwatch(60.0, slow_ms=0)
    judged(SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS, ask=watch.ask))
    assert watch.due(CLOSE) == []


@pytest.mark.parametrize("clock", ["own", "player"])
async def test_the_alert_leaves_the_process_that_has_the_lane_where_the_clock_is_its_own(clock: str) -> None:
    """OPS-3; and invariant 2: in a played market no alert depends on how fast the machine is."""
    timings: defaultdict[str, Timing] = defaultdict(Timing)
    ticks = iter(range(10_000))
    watch = Stopwatch(500, timings.__getitem__, lambda: float(next(ticks)))
    bus = MemoryBus(Topology((queue("in", "analysis.#"), queue("decided", "decision.#"), queue("out", "alert.#"))))
    alerts, decided = Collector(ack=True), Collector(ack=True)
    await bus.start()
    await bus.subscribe("out", alerts)
    await bus.subscribe("decided", decided)
    lane = LaneSpec("s", "signals", "in", lambda: SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SETTINGS, ask=watch.ask))
    policy = LanePolicy(commit_linger=0.0, clock=clock)  # type: ignore[arg-type]  # of the parameters
    service = Service(ServiceSpec("signals", "signals", lanes=(lane,), watches=(watch.tell,)), bus, MemoryStore(), policy)
    await service.start()
    await bus.publish(bundles_of(CLOSE, TIMEFRAMES, block(), gap()), now=CLOSE)
    await decided.until_count(1)
    if clock == "own":
        await alerts.until_count(1)
        (told,) = [each.decode() for each in alerts.deliveries]
        assert isinstance(told, Alert)
        assert told.key == "strategy_slow.ob_fvg"
    await service.drain()
    assert len(alerts.deliveries) == (clock == "own")
    await bus.close()
