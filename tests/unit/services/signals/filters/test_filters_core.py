"""Filters in the signals core: after a strategy's signal, before the regimes; nothing at all by default (SIG-6, ICT-11)."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from services.signals.contract import Enabled, faults
from services.signals.core import SignalsCore, SignalsState, Watch
from services.signals.explaining import Explanation, explain
from services.signals.filters import FILTERS
from services.signals.filters.settings import FiltersSettings
from services.signals.filters.zone_record import ZoneRecord
from services.signals.overview import SignalsOverview
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.ob_fvg import ObFvgSettings
from shared.domain.control import Alert
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.facts import AnalysisBundle, Fact
from shared.domain.timeframes import MINUTE, TIMEFRAMES
from shared.domain.zone_counts import ZoneCount
from tests.support.runtime.telling import tell
from tests.support.signals.filter_scenes import flat, minute, new_york, window
from tests.support.signals.scenes import CLOSE, QUARTER, analysis, block, bundles_of, gap

SYMBOLS = ("BTCUSDT",)
SETUP = (block(), gap())
#: Its price is 101.5 and its stop 99.8: 1.7 apart.
DEAR, CHEAP = {"enabled": True, "max_cost_r": 0.05}, {"enabled": True, "max_cost_r": 0.1}
ASIAN = window("kill_zone", "asian", CLOSE - 15 * MINUTE, CLOSE)


def settings(filters: dict[str, Any] | None = None, **changes: Any) -> SignalsSettings:
    own = {"ob_fvg": ObFvgSettings(warmup_candles=0)} | changes
    return SignalsSettings(**own, filters=FiltersSettings.model_validate(filters or {}))


def core(filters: dict[str, Any] | None = None, watch: Watch | None = None, **changes: Any) -> SignalsCore:
    return SignalsCore(0, SYMBOLS, TIMEFRAMES, settings(filters, **changes), watch)


def decision(target: SignalsCore, *facts: Fact, at: int = CLOSE) -> Decision:
    told = [out for each in bundles_of(at, TIMEFRAMES, *(facts or SETUP)) for out in tell(target, each)]
    (bundle,) = [each for each in told if isinstance(each, DecisionBundle)]
    return bundle.decisions[0]


def restored(target: SignalsCore, **changes: Any) -> SignalsCore:
    state = msgspec.msgpack.decode(target.snapshot(), type=SignalsState)
    target.restore(msgspec.msgpack.encode(msgspec.structs.replace(state, **changes)))
    return target


def test_by_default_nothing_is_filtered_learnt_or_told_and_no_byte_differs() -> None:
    """SIG-6: off unless somebody asks for it."""
    target = core()
    assert decision(target).signal is not None
    assert {"records", "suitable"}.isdisjoint(msgspec.msgpack.decode(target.snapshot()))
    assert SignalsSettings().reads() == Enabled(STRATEGIES["ob_fvg"], ObFvgSettings()).scope.kinds("15m")


def test_every_filter_of_the_table_has_a_section_and_is_off() -> None:
    sections = FiltersSettings().sections()
    assert set(FILTERS) | {"sensitivity"} == set(sections)
    assert not any(each.enabled for each in sections.values())
    assert all(type(sections[name]) is each.settings for name, each in FILTERS.items())


@pytest.mark.parametrize(
    ("filters", "reasons"),
    [
        ({"cost": CHEAP}, ()),
        ({"cost": DEAR}, ("cost_too_high",)),
        ({"cost": DEAR | {"strategies": ["ob_fvg"]}}, ("cost_too_high",)),
        ({"cost": DEAR | {"strategies": ["judas"]}}, ()),
        ({"cost": DEAR | {"enabled": False}}, ()),
        ({"time_suitability": {"enabled": True, "min_score": 0.9}}, ("unsuitable_time",)),
        ({"time_suitability": {"enabled": True, "min_score": 0.0}}, ()),
        ({"volatility": {"enabled": True}}, ("warming_up",)),
        (
            {"cost": DEAR, "time_suitability": {"enabled": True, "min_score": 0.9}, "volatility": {"enabled": True}},
            ("unsuitable_time", "warming_up", "cost_too_high"),
        ),
    ],
)
def test_a_filter_that_fails_turns_the_signal_into_its_reason(filters, reasons) -> None:
    """SIG-6, SIG-7: every filter is asked, so that every reason is told."""
    decided = decision(core(filters))
    assert decided.why_not == reasons
    assert (decided.signal is None) == bool(reasons)


def test_volatility_is_read_from_the_history_of_the_strategys_timeframe() -> None:
    """SIG-6: candles are kept as soon as the filter is on, as many as it looks back; a wild one stops the signal."""
    own = {"enabled": True, "period": 1, "window": 3}
    for highest, reasons in ((0.99, ("volatility_extreme",)), (1.0, ())):
        target = core({"volatility": own | {"highest_rank": highest}})
        for place, reach in enumerate((0.1, 0.2, 0.1, 0.2, 0.1, 0.2)):
            at = CLOSE - (6 - place) * QUARTER
            calm = analysis(of=msgspec.structs.replace(flat(at, 101.5), timeframe="15m", open_time=at - QUARTER,
                                                       high=101.5 + reach))  # fmt: skip
            tell(target, AnalysisBundle(partition=0, timeframe="15m", close_time=at, analyses=(calm,), warmup=True))
        assert decision(target).why_not == reasons
        state = msgspec.msgpack.decode(target.snapshot(), type=SignalsState)
        assert len(state.symbols["BTCUSDT"].history["15m"].closes) == 5


def test_a_signal_that_a_filter_stopped_has_not_used_its_zone() -> None:
    """SIG-6: once the moment suits, the same setup may still be traded."""
    target = core({"time_suitability": {"enabled": True, "min_score": 0.5}})
    assert decision(target).why_not == ("unsuitable_time",)
    later = CLOSE + QUARTER
    assert decision(target, *SETUP, window("kill_zone", "asian", CLOSE, later), at=later).signal is not None


def test_a_paused_strategy_is_paused_whatever_the_filters_say() -> None:
    assert decision(core({"cost": DEAR}, paused=("ob_fvg",))).why_not == ("paused",)


def explained(filters: dict[str, Any], *facts: Fact) -> Explanation:
    found: list[Explanation] = []
    decision(core(filters, lambda *shown: found.append(explain(*shown))), *facts)
    return found[0]


def test_explanations_show_the_gates_of_the_filters_beside_the_strategys() -> None:
    """SIG-7: shown by why-not and explain with the numbers that were compared."""
    told = explained({"cost": DEAR})
    assert told.judgement.reasons == ("cost_too_high",)
    assert told.stopped is not None
    assert not told.fault
    assert {each.passed for each in told.gates} == {True}
    (gate,) = told.filters
    assert (gate.name, gate.passed, gate.limit) == ("cost", False, 0.05)
    passed = explained({"cost": CHEAP})
    assert passed.stopped is None
    assert passed.judgement.signal is not None
    assert [each.passed for each in passed.filters] == [True]


@pytest.mark.parametrize(
    ("factors", "facts", "threshold"),
    [
        ({}, SETUP, 4.0),
        ({"outside": 1.25}, SETUP, 5.0),
        ({"outside": 1.4}, SETUP, None),  # 5.5 points, and 5.6 are asked for
        ({"outside": 1.4}, (*SETUP, ASIAN), 4.0),
        ({"inside": 0.5}, (*SETUP, ASIAN), 2.0),
        ({"inside": 0.5}, SETUP, 4.0),
        ({"inside": 0.5, "strategies": ["judas"]}, (*SETUP, ASIAN), 4.0),
    ],
)
def test_points_that_are_asked_for_follow_the_kill_zone(factors, facts, threshold) -> None:
    """SIG-6: the sensitivity rises inside and falls outside; the signal carries what was asked of it."""
    decided = decision(core({"sensitivity": {"enabled": True} | factors}), *facts)
    if threshold is None:
        assert decided.why_not == ("against_structure",)
    else:
        assert decided.signal is not None
        assert decided.signal.threshold == pytest.approx(threshold)


def test_a_lower_bar_inside_lets_a_weaker_setup_through() -> None:
    """SIG-6: a filter alone could only refuse; here the strategy itself asks for less."""
    made = []
    for factor in (1.0, 0.8):
        target = core({"sensitivity": {"enabled": True, "inside": factor}})
        without_trend = [
            msgspec.structs.replace(
                each, analyses=tuple(msgspec.structs.replace(one, trend="none") for one in each.analyses)
            )
            for each in bundles_of(CLOSE, TIMEFRAMES, *SETUP, ASIAN)
        ]
        made += [out.decisions[0] for each in without_trend for out in tell(target, each)]
    assert made[0].why_not == ("against_structure",)
    assert made[1].signal is not None
    assert (made[1].signal.score, made[1].signal.threshold) == (3.5, pytest.approx(3.2))


def test_the_record_of_a_zone_raises_what_is_asked_for_there() -> None:
    """ICT-11: statistics of hypothetical outcomes, used to adapt the sensitivity; shown with the factor."""
    record = ZoneRecord(zones={"asian": ZoneCount(won=10.0, trades=40.0)}, overall=ZoneCount(won=50.0, trades=100.0))
    learning = {"sensitivity": {"enabled": True, "learn": True, "max_factor": 1.25}}
    decided = decision(restored(core(learning), records={"BTCUSDT": record}), *SETUP, ASIAN)
    assert decided.signal is not None
    assert decided.signal.threshold == 5.0
    outside = decision(restored(core(learning), records={"BTCUSDT": record}), *SETUP)
    assert outside.signal is not None
    assert outside.signal.threshold == 4.0
    (note,) = explained({"sensitivity": {"enabled": True, "inside": 0.9}}, *SETUP, ASIAN).filters
    assert note.text == "Kill zone: asian. Here it asks for 0.90 times its usual points."


def test_signals_are_followed_also_when_a_filter_stops_them_and_count_from_the_close_that_shows_it() -> None:
    """ICT-11: chosen or not; causal. The scene's candle closes at 101.5 with the stop at 99.8, the target at 104.9."""
    target = core({"sensitivity": {"enabled": True, "learn": True}, "cost": DEAR})
    assert decision(target, *SETUP, ASIAN).why_not == ("cost_too_high",)

    def kept() -> ZoneRecord:
        return msgspec.msgpack.decode(target.snapshot(), type=SignalsState).records["BTCUSDT"]

    for place, price in enumerate((102.0, 104.0), start=1):
        shown = minute(CLOSE + place * MINUTE, open=price, close=price, low=price, high=price)
        tell(target, AnalysisBundle(partition=0, timeframe="1m", close_time=CLOSE + place * MINUTE, analyses=(shown,)))
        assert (len(kept().open), kept().overall.trades) == (1, 0.0)
    at = CLOSE + 3 * MINUTE
    shown = minute(at, open=105.0, close=105.0, low=105.0, high=105.0)
    tell(target, AnalysisBundle(partition=0, timeframe="1m", close_time=at, analyses=(shown,)))
    assert kept().open == {}
    assert kept().zones == {"asian": ZoneCount(won=1.0, trades=1.0)}
    (part,) = target.overview().values()
    assert isinstance(part, SignalsOverview)
    assert part.zones == {"BTCUSDT": {"asian": ZoneCount(won=1.0, trades=1.0)}}
    off = core()
    off.restore(target.snapshot())
    assert "records" not in msgspec.msgpack.decode(off.snapshot())


def telling(**changes: Any) -> SignalsCore:
    """A core that tells of the time, on 1m and 15m only."""
    own = settings({"time_suitability": {"tell": True} | changes})
    return SignalsCore(0, SYMBOLS, ("1m", "15m"), own)


def alerts_of(target: SignalsCore, steps: list[tuple[int, bool]]) -> list[Alert]:
    """Walk 1m closes, each with or without a kill zone and a Silver Bullet hour, and take the alerts of it."""
    told: list[Alert] = []
    for at, inside in steps:
        facts = [window(kind, kind, at - MINUTE, at) for kind in ("kill_zone", "silver_bullet")] if inside else []
        shown = AnalysisBundle(partition=0, timeframe="1m", close_time=at, analyses=(minute(at, *facts),))
        told += [out for out in tell(target, shown) if isinstance(out, Alert)]
    return told


def test_the_rise_of_the_times_score_is_told_once_a_crossing_also_over_a_restart() -> None:
    """SIG-6: an event when it is above 0.7; 0.8 on a Wednesday in a kill zone and a Silver Bullet hour."""
    begin = new_york("2026-07-01 10:01")
    steps = [(begin + place * MINUTE, inside) for place, inside in enumerate((False, True, True, False, True, True))]
    told = alerts_of(telling(), steps)
    assert [each.time for each in told] == [steps[1][0], steps[4][0]]
    assert {(each.severity, each.source, each.key) for each in told} == {("info", "signals", "suitable_time")}
    assert told[0].text == "The time suits an entry: it scores 0.80 of 1 since 2026-07-01 14:02 UTC."
    for cut in range(len(steps)):
        first, second = telling(), telling()
        begun = alerts_of(first, steps[:cut])
        second.restore(first.snapshot())
        assert begun + alerts_of(second, steps[cut:]) == told
    assert alerts_of(telling(tell=False), steps) == []
    assert alerts_of(telling(threshold=0.8), steps) == []


def test_a_close_without_its_minute_tells_nothing_and_forgets_nothing() -> None:
    begin = new_york("2026-07-01 10:02")
    target = telling()
    assert len(alerts_of(target, [(begin, True)])) == 1
    tell(target, AnalysisBundle(partition=0, timeframe="1m", close_time=begin + MINUTE, analyses=(), missing=SYMBOLS))
    assert alerts_of(target, [(begin + 2 * MINUTE, True)]) == []


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        ({"time_suitability": {"enabled": True}}, {"kill_zone", "silver_bullet", "macro", "key_open"}),
        ({"time_suitability": {"tell": True}}, {"kill_zone", "silver_bullet", "macro", "key_open"}),
        ({"sensitivity": {"enabled": True}}, {"kill_zone"}),
        ({"cost": CHEAP, "volatility": {"enabled": True}}, set()),
        ({"time_suitability": {"enabled": True, "strategies": ["judas"]}}, set()),
    ],
)
def test_analysis_publishes_what_the_filters_read(filters, kinds) -> None:
    assert settings(filters).reads() == settings().reads() | kinds


@pytest.mark.parametrize("filters", [{}, {"time_suitability": {"enabled": True}}, {"volatility": {"enabled": True}}])
def test_kinds_read_on_a_timeframe_are_those_that_strategies_and_their_filters_declare(filters) -> None:
    """BT-7: a backtest analyses no other kinds there."""
    made = settings(filters)
    of_strategies = {
        frame: frozenset().union(*(each.scope.reads.get(frame, ()) for each in made.enabled())) for frame in TIMEFRAMES
    }
    found = {frame: made.reads_on(frame) for frame in TIMEFRAMES}
    assert all(kinds >= of_strategies[frame] for frame, kinds in found.items())
    assert frozenset().union(*found.values()) == made.reads()
    assert filters or found == of_strategies


@pytest.mark.parametrize("section", ["cost", "volatility", "time_suitability", "sensitivity"])
def test_a_filter_of_a_strategy_that_does_not_exist_is_refused(section) -> None:
    """Bad input is a clear error: it names the place."""
    with pytest.raises(ValidationError, match=rf"filters\.{section}\.strategies\.1.*ob_fgv"):
        settings({section: {"strategies": ["ob_fvg", "ob_fgv"]}})


def test_a_record_that_could_never_count_is_refused() -> None:
    with pytest.raises(ValidationError, match="no zone's record would ever count"):
        settings({"sensitivity": {"min_sample": 300, "memory": 300}})


def test_points_are_a_setting_that_is_a_number() -> None:
    """SIG-8: also a plug-in's."""
    for points, wrong in (("", False), ("entry_score", False), ("timeframe", True), ("nothing", True)):
        found = list(faults(dataclasses.replace(STRATEGIES["ob_fvg"], points=points)))
        assert any("counts its points in" in each for each in found) == wrong


def test_a_zone_that_asks_for_more_than_any_setup_has_still_learns() -> None:
    """ICT-11: else a bad record could never become a better one."""
    silent = core({"sensitivity": {"enabled": True, "outside": 1.4, "learn": True}})
    assert decision(silent, *SETUP).signal is None
    assert silent.snapshot() != core({"sensitivity": {"enabled": True, "outside": 1.4}}).snapshot()
    (record,) = silent._filters.records.values()
    assert record.open
