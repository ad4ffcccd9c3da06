"""The fast path of the backtest against the slow one: whatever the market and the settings, the same bytes (BT-7)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from research.backtest import deciding, fast, passing, stepwise
from research.backtest.beside import Settled
from research.backtest.money import Money, Overlooked
from research.backtest.sections import sections_of
from research.report.resting import Resting
from services.risk.core import RiskCore
from services.signals.strategies import STRATEGIES
from shared.domain.timeframes import DAY, MINUTE
from simulator.execution_lane import ExecutionLane
from simulator.market.funding import ConstantFunding
from simulator.recorder import Recorder
from tests.support.research.backtests import BUSY, LOOSE, Scene, differing, left_by

COARSE = [name for name in STRATEGIES if name != "every_close"]
#: Limits that are reached within hours.
TIGHT: dict[str, object] = {
    **LOOSE,
    "daily_loss_limit": 0.012,
    "halt_loss_limit": 0.03,
    "max_drawdown": 0.02,
    "caution_loss": 0.006,
    "caution_loss_release": 0.003,
}
#: A filter that reads the order flow of minutes, and one that reads their windows.
FLOW: dict[str, object] = {"order_flow": {"enabled": True, "max_delta_against": 0.0, "minutes": 2}}
HOURS: dict[str, object] = {"time_suitability": {"enabled": True}}
#: A strategy that reads funding, on 5m candles, entering often.
CARRY: dict[str, object] = {
    "timeframe": "5m", "trend": 3, "threshold": 0.0001, "entry_candles": 11, "max_run": 50.0, "funding_hours": 1
}  # fmt: skip


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    names = draw(st.lists(st.sampled_from(COARSE), min_size=1, max_size=6, unique=True))
    if draw(st.integers(0, 3)) == 0:
        names.append("every_close")
    busy = {name: values for name, values in BUSY.items() if name in names}
    rows = draw(st.integers(60, 700))
    simulator: dict[str, Any] = {
        "limit_fills": draw(st.sampled_from(["touch", "through"])),
        "starting_wallet": draw(st.sampled_from(["1000", "10000", "250000"])),
    }
    holes = st.tuples(st.integers(0, 1), st.integers(1, rows), st.integers(1, 30))
    if "funding_carry" in names:
        busy["funding_carry"] = CARRY
    filters = draw(st.sampled_from([{}, {}, FLOW, HOURS]))
    return Scene(
        settings={
            "signals": {"strategies": names, "drill": True, **busy, "filters": filters},
            "risk": draw(st.sampled_from([LOOSE, TIGHT, {"max_costs": 10}])),
            "simulator": simulator,
            "partitions": {"count": draw(st.integers(1, 3))},
        },
        seed=draw(st.integers(0, 10_000)),
        days=rows * MINUTE / DAY,
        start=draw(st.sampled_from([0, 7, 1_111, 1_439])),
        volatility=draw(st.sampled_from([0.3, 1.0, 4.0])),
        holes=tuple(draw(st.lists(holes, max_size=2))),
        untold=tuple(draw(st.lists(holes, max_size=1))),
        hours=draw(st.sampled_from([1, 8])),
        rate=draw(st.sampled_from(["0.0001", "-0.003"])),
    )


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenes())
def test_the_fast_path_leaves_what_the_slow_path_leaves(scene: Scene) -> None:
    """BT-7: decisions, orders, fills, equity, zones of signals and every figure of the summary."""
    assert differing(scene) == []


#: A market in which much is held for long, over fundings and midnight, at 4 times the usual volatility.
BUSY_SCENE = Scene(
    settings={"signals": {"strategies": list(BUSY), **BUSY}, "risk": LOOSE}, seed=3, days=0.9, start=900, volatility=2.0,
    hours=1,
)  # fmt: skip
#: One with limit orders that expire unfilled.
RESTING_SCENE = Scene(
    settings={
        "signals": {"strategies": ["ote"], "ote": {"timeframe": "5m"}},
        "risk": LOOSE,
    },
    seed=5,
    days=1.5,
    volatility=2.0,
)
TIGHT_SCENE = Scene(
    settings={"signals": {"strategies": list(BUSY), **BUSY}, "risk": TIGHT}, seed=3, days=0.9, start=900, volatility=2.0
)


#: A crowded side every hour, and takers who stop some of the entries.
CARRY_SCENE = Scene(
    settings={"signals": {"strategies": ["funding_carry"], "funding_carry": CARRY}, "risk": LOOSE}, days=0.3, hours=1,
    rate="-0.0008", start=900,
)  # fmt: skip
#: Equity is highest between two minutes that pass, then a signal comes that no account was waiting for.
PEAK_SCENE = Scene(
    settings={
        "signals": {"strategies": ["rsi_extremes", "bollinger"], **{n: BUSY[n] for n in ("rsi_extremes", "bollinger")}},
        "risk": LOOSE,
    },
    seed=5,
    days=1.5,
)
HOLED_SCENE = replace(CARRY_SCENE, holes=((0, 97, 6), (1, 200, 41), (0, 300, 5)))
FLOW_SCENE = Scene(
    settings={"signals": {"strategies": list(BUSY), **BUSY, "filters": FLOW}, "risk": LOOSE}, seed=3, days=0.3,
    untold=((0, 100, 40),),
)  # fmt: skip
HOURS_SCENE = Scene(
    settings={"signals": {"strategies": list(BUSY), **BUSY, "filters": HOURS}, "risk": LOOSE}, seed=3, days=0.2, start=660
)


@pytest.mark.parametrize(
    "scene",
    [BUSY_SCENE, RESTING_SCENE, TIGHT_SCENE, CARRY_SCENE, PEAK_SCENE, HOLED_SCENE, FLOW_SCENE, HOURS_SCENE],
    ids=["busy", "resting", "tight", "carry", "peak", "holed", "flow", "hours"],
)
def test_the_scenes_of_the_specimens_are_equal_on_both_paths(scene: Scene) -> None:
    """BT-7: so what a specimen changes is the specimen's doing; and most minutes are passed over."""
    assert differing(scene) == []


def _nothing_touched(self: passing.Passing, begin: int, end: int, *_: object) -> tuple[int, int]:
    return end + 1, end


@pytest.mark.parametrize(
    ("where", "name", "instead", "scene"),
    [
        (passing.Passing, "_look", _nothing_touched, BUSY_SCENE),
        (passing.Passing, "_next_funding", lambda self, symbol, now: self._tape.last, BUSY_SCENE),
        (passing.Passing, "_midnight_after", lambda self, row: len(self._tape), TIGHT_SCENE),
        (ExecutionLane, "due_at", lambda self, now: 2**63 - 1, RESTING_SCENE),
        (passing._Holding, "turned", lambda self, equities: equities < 0, TIGHT_SCENE),
        (passing._Holding, "extreme", lambda self, equities, summary: len(equities), BUSY_SCENE),
        (passing.Passing, "before", lambda self, row: row, PEAK_SCENE),
        (RiskCore, "orders_nothing", lambda self: True, TIGHT_SCENE),
        (RiskCore, "untouched_by_midnight", lambda self: True, TIGHT_SCENE),
        (Resting, "heard", lambda self, bundle: None, RESTING_SCENE),
        (Resting, "decided", lambda self, bundle: None, RESTING_SCENE),
        (Settled, "known", lambda self, close_time: None, CARRY_SCENE),
        (deciding, "reads_minutes", lambda signals: False, FLOW_SCENE),
        (deciding, "reads_minutes", lambda signals: False, HOURS_SCENE),
    ],
    ids=[
        "a trigger", "a funding", "a new day", "an expiry", "a limit of equity", "a drawdown", "a peak before a signal",
        "an order of risk",
        "a day that is counted", "a zone", "a signal", "a known rate", "an order flow", "a window of minutes",
    ],
)  # fmt: skip
def test_a_path_that_passes_over_what_matters_is_caught(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, instead: Any, scene: Scene
) -> None:
    """BT-7: each of these specimens changes the record, or an account notices that prices moved it unseen."""
    tape = scene.tape()
    slow = left_by(stepwise.run, scene, tape)
    monkeypatch.setattr(where, name, instead)
    quick: dict[str, object] = {}
    with suppress(Overlooked):
        quick = left_by(fast.run, scene, tape)
    assert quick != slow


@pytest.mark.parametrize(("symbols", "several"), [(("BTCUSDT", "ETHUSDT"), True), (("BTCUSDT",), False)], ids=["two", "one"])
def test_prices_of_the_minute_before_stand_first_where_those_of_several_symbols_count(
    monkeypatch: pytest.MonkeyPatch, symbols: tuple[str, ...], several: bool
) -> None:
    """BT-1, BT-7: while the candle of one symbol is followed, the margin of the others is that of their last close."""
    stood, moved = list[int](), list[int]()
    stand, market = Money.stand, Money.market

    def standing(self: Money, close_time: int, candles: Any) -> None:
        stood.append(close_time)
        stand(self, close_time, candles)

    def moving(self: Money, close_time: int, *rest: Any) -> None:
        moved.append(close_time)
        market(self, close_time, *rest)

    monkeypatch.setattr(Money, "stand", standing)
    monkeypatch.setattr(Money, "market", moving)
    left_by(fast.run, replace(BUSY_SCENE, settings={**BUSY_SCENE.settings, "symbols": list(symbols)}, days=0.3))
    assert bool(stood) is several
    assert {time + MINUTE for time in stood} <= set(moved)
    assert set(stood).isdisjoint(moved)


@pytest.mark.parametrize(("scene", "what"), [(CARRY_SCENE, "signals"), (FLOW_SCENE, "against_flow")], ids=["carry", "flow"])
def test_the_scenes_that_read_more_than_prices_decide_by_it(scene: Scene, what: str) -> None:
    """BT-1: these scenes would prove nothing if nobody signalled, or the filter stopped nobody."""
    left: dict[str, Any] = left_by(fast.run, scene)
    assert left["summary.signals"]
    assert what != "against_flow" or "against_flow" in left["summary.why_not"]


def test_most_minutes_are_passed_over() -> None:
    """BT-7: the fast path is fast because it does less, not because it forgets."""
    scene = Scene(settings={"signals": {"strategies": ["ob_fvg"]}}, days=1.0)
    whole, tape = scene.whole(), scene.tape()
    funding = ConstantFunding(whole.symbols)
    passed = fast.run(sections_of(whole, whole), tape, funding, Recorder(None))
    assert 2 <= passed < 100  # the first and the last minute, and what happens between


def test_a_hole_beside_known_rates_is_left_to_ingest() -> None:
    """BT-7: a candle knows the rate that its newest minute knew; columns know the one of its close."""
    whole = CARRY_SCENE.whole()
    sections = sections_of(whole, whole)
    deciding.ColumnDeciding(sections, CARRY_SCENE.tape())
    with pytest.raises(deciding.Unsuited, match="minutes are absent"):
        deciding.ColumnDeciding(sections, HOLED_SCENE.tape())
