"""The signals core: one bundle per close, one decision per symbol, judged on nothing younger than the close."""

from __future__ import annotations

import msgspec
import pytest

from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies.ob_fvg import ObFvgSettings
from services.signals.view import MarketView, SymbolMemory
from shared.core import StaleSnapshot
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.ids import derive
from shared.domain.timeframes import MINUTE, TIMEFRAMES, closing_at
from tests.support.runtime.telling import tell
from tests.support.signals.scenes import CLOSE, DAWN, QUARTER, analysis, block, bundle, bundles_of, candle, gap

SETTINGS = SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0))
DRILL = SignalsSettings(strategies=("every_close",), drill=True)


def core(settings: SignalsSettings = SETTINGS, symbols: tuple[str, ...] = ("BTCUSDT",)) -> SignalsCore:
    return SignalsCore(0, symbols, TIMEFRAMES, settings)


def feed(target: SignalsCore, messages) -> list:
    return [output for message in messages for output in tell(target, message)]


def test_a_close_without_strategy_timeframe_still_leaves_one_decision_per_symbol_in_order():
    """SIG-1: exactly one decision per symbol and finest close, also when nothing happened."""
    target = core(symbols=("ETHUSDT", "BTCUSDT"))
    (decided,) = tell(target, bundle("1m", CLOSE + MINUTE, ("ETHUSDT", "BTCUSDT")))
    assert isinstance(decided, DecisionBundle)
    assert (decided.partition, decided.close_time) == (0, CLOSE + MINUTE)
    assert [d.symbol for d in decided.decisions] == ["BTCUSDT", "ETHUSDT"]
    assert [d.id for d in decided.decisions] == [derive("decision", s, CLOSE + MINUTE) for s in ("BTCUSDT", "ETHUSDT")]
    assert {d.reasons for d in decided.decisions} == {("not_this_timeframe",)}
    assert {d.judgements for d in decided.decisions} == {()}


def test_a_setup_becomes_a_signal_once():
    """SIG-3: one signal per order block."""
    target = core()
    (first,) = feed(target, bundles_of(CLOSE, TIMEFRAMES, block(), gap()))
    assert first.decisions[0].signal is not None
    assert first.decisions[0].why_not == ()
    (second,) = feed(target, bundles_of(CLOSE + QUARTER, TIMEFRAMES, block(), gap()))
    assert second.decisions[0].signal is None
    assert second.decisions[0].why_not == ("zone_used",)


def test_the_memory_of_used_zones_survives_a_restart():
    """Invariant 3."""
    target, successor = core(), core()
    feed(target, bundles_of(CLOSE, TIMEFRAMES, block(), gap()))
    successor.restore(target.snapshot())
    (second,) = feed(successor, bundles_of(CLOSE + QUARTER, TIMEFRAMES, block(), gap()))
    assert second.decisions[0].why_not == ("zone_used",)


def test_a_symbol_without_analysis_at_this_close_is_data_missing():
    """DATA-3: the bundle is there and names the symbol as missing; nobody waits and nothing rests on it."""
    target = core(symbols=("BTCUSDT", "ETHUSDT"))
    at = [bundle(timeframe, CLOSE, ("BTCUSDT",), block(), gap()) for timeframe in ("1m", "5m", "15m")]
    (decided,) = feed(target, at)
    assert decided.decisions[0].signal is not None
    assert decided.decisions[1].why_not == ("data_missing",)


def test_a_timeframe_declared_missing_by_the_clock_gives_data_missing_and_an_alert():
    target = core()
    at = bundles_of(CLOSE, ("1m", "5m"), block(), gap())
    assert feed(target, at) == []
    assert tell(target, ClockTick(time=CLOSE + 5_000)) == []
    decided, alert = tell(target, ClockTick(time=CLOSE + 5_001))
    assert decided.decisions[0].why_not == ("data_missing",)
    assert isinstance(alert, Alert)
    assert (alert.severity, alert.key, alert.time) == ("warning", "close_incomplete.p0", CLOSE)
    assert "15m" in alert.text


def test_a_close_that_arrives_late_is_waited_for_from_its_arrival():
    """SIG-1: after an outage whole hours arrive at once; the deadline must not declare missing what is on its way."""
    target = core()
    tell(target, ClockTick(time=CLOSE + 600_000))
    feed(target, bundles_of(CLOSE, ("1m", "5m"), block(), gap()))
    assert tell(target, ClockTick(time=CLOSE + 605_000)) == []
    (_, alert) = tell(target, ClockTick(time=CLOSE + 605_001))
    assert isinstance(alert, Alert)


def test_a_warm_up_bundle_is_known_and_decides_nothing():
    """DATA-1: what happened before the feed began is context."""
    target = core()
    old = msgspec.structs.replace(bundle("15m", CLOSE - QUARTER, ("BTCUSDT",), block(), gap()), warmup=True)
    before = target.snapshot()
    assert tell(target, old) == ()
    assert target.snapshot() != before
    decided = feed(target, bundles_of(CLOSE, ("1m", "5m", "15m"), block(), gap()))
    assert len(decided) == 1


def test_a_late_bundle_updates_the_view_and_decides_nothing():
    target = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, DRILL)
    feed(target, bundles_of(CLOSE, ("1m", "5m")))
    tell(target, ClockTick(time=CLOSE + 60_000))
    late = bundle("15m", CLOSE)
    before = target.snapshot()
    assert tell(target, late) == []
    assert target.snapshot() != before
    after = target.snapshot()
    assert tell(target, late) == []
    assert target.snapshot() == after


def test_a_late_bundle_never_replaces_a_newer_view():
    memory = SymbolMemory()
    newer, older = analysis(of=candle(CLOSE + QUARTER)), analysis(of=candle(CLOSE))
    memory.absorb(newer)
    memory.absorb(older)
    memory.absorb(newer)
    assert memory.analyses == {"15m": newer}
    assert memory.candles == {"15m": 1}


def test_candle_of_a_later_close_is_not_seen_by_an_earlier_one():
    """Invariant 1: the 1m candle of the next minute is in before the 15m analysis of this close, and must not count."""
    target = core(DRILL)
    held = [bundle("1m", CLOSE), bundle("1m", CLOSE + MINUTE), bundle("5m", CLOSE)]
    assert [output for each in held for output in tell(target, each, CLOSE + MINUTE)] == []
    first, second = tell(target, bundle("15m", CLOSE))
    assert (first.close_time, second.close_time) == (CLOSE, CLOSE + MINUTE)
    assert first.decisions[0].signal.close_time == CLOSE
    assert {first.decisions[0].signal.side, second.decisions[0].signal.side} == {"BUY", "SELL"}


def test_the_drill_needs_a_sound_candle_at_this_close():
    target = core(DRILL, symbols=("BTCUSDT", "ETHUSDT"))
    at = CLOSE + MINUTE
    disputed = analysis(of=candle(at, "1m", "BTCUSDT", state="disputed"))
    (decided,) = tell(
        target, AnalysisBundle(partition=0, timeframe="1m", close_time=at, analyses=(disputed,), missing=("ETHUSDT",))
    )
    assert [d.why_not for d in decided.decisions] == [("data_disputed",), ("data_missing",)]


def test_every_strategy_that_judges_is_named_with_its_signal_or_its_reasons():
    """SIG-7, SIG-8: in the order of the settings; 1m closes are judged by the drill alone."""
    target = core(SignalsSettings(strategies=("ob_fvg", "every_close"), drill=True))
    (decided,) = feed(target, bundles_of(CLOSE))
    (decision,) = decided.decisions
    assert [(each.strategy, each.reasons) for each in decision.judgements] == [
        ("ob_fvg", ("warming_up",)),
        ("every_close", ()),
    ]
    assert (decision.chosen, decision.why_not) == ("every_close", ())
    (decided,) = tell(target, bundle("1m", CLOSE + MINUTE))
    assert [each.strategy for each in decided.decisions[0].judgements] == ["every_close"]


def test_opposite_sides_are_a_conflict_and_nothing_is_chosen():
    """SIG-8: whatever the scores and whatever the order of the settings. The drill sells at this close, the block buys."""
    for order in (("ob_fvg", "every_close"), ("every_close", "ob_fvg")):
        target = core(SignalsSettings(strategies=order, drill=True, ob_fvg=ObFvgSettings(warmup_candles=0)))
        (decided,) = feed(target, bundles_of(CLOSE, TIMEFRAMES, block(), gap()))
        (decision,) = decided.decisions
        assert {each.signal.side for each in decision.judgements} == {"BUY", "SELL"}
        assert (decision.signal, decision.chosen, decision.why_not) == (None, "", ("conflict",))


def test_a_paused_strategy_judges_without_signalling_and_spends_no_zone():
    """SIG-8: each can be paused alone."""
    paused = core(SETTINGS.model_copy(update={"paused": ("ob_fvg",)}))
    (decided,) = feed(paused, bundles_of(CLOSE, TIMEFRAMES, block(), gap()))
    assert decided.decisions[0].why_not == ("paused",)
    resumed = core()
    resumed.restore(paused.snapshot())
    (decided,) = feed(resumed, bundles_of(CLOSE + QUARTER, TIMEFRAMES, block(), gap()))
    assert decided.decisions[0].signal is not None


def test_when_no_strategy_signals_the_reasons_of_all_are_there():
    settings = SignalsSettings(strategies=("ob_fvg", "every_close"), drill=True, paused=("every_close",))
    (decided,) = feed(core(settings), bundles_of(CLOSE))
    assert decided.decisions[0].why_not == ("warming_up", "paused")


def test_a_snapshot_of_another_shape_is_stale_and_changes_nothing():
    """The memory of used zones is lost with it, which is said; a lane that cannot start at all would be worse."""
    target = core()
    feed(target, bundles_of(CLOSE))
    before = target.snapshot()
    with pytest.raises(StaleSnapshot, match="another shape"):
        target.restore(b"\x81\xa7barrier\x01")
    assert target.snapshot() == before


@pytest.mark.parametrize(
    "foreign",
    [
        bundle("1m", CLOSE, partition=1),
        Control(id="1", command="halt", by="test", reason="test"),
    ],
)
def test_foreign_message_changes_nothing_in_signals(foreign):
    target = core()
    before = target.snapshot()
    assert list(tell(target, foreign)) == []
    assert target.snapshot() == before


def test_a_timeframe_that_is_not_read_is_ignored():
    target = SignalsCore(0, ("BTCUSDT",), ("1m", "15m"), SETTINGS)
    assert list(tell(target, bundle("5m", CLOSE))) == []
    tell(target, bundle("15m", CLOSE))
    assert len(tell(target, bundle("1m", CLOSE))) == 1


def test_symbols_of_others_in_a_bundle_are_ignored():
    (decided,) = tell(core(), bundle("1m", CLOSE + MINUTE, ("BTCUSDT", "XRPUSDT")))
    assert [d.symbol for d in decided.decisions] == ["BTCUSDT"]


def test_a_close_off_the_grid_is_refused_loudly():
    target = core()
    wrong = AnalysisBundle(partition=0, timeframe="15m", close_time=CLOSE + MINUTE, analyses=())
    (alert,) = tell(target, wrong)
    assert isinstance(alert, Alert)
    assert alert.severity == "critical"
    assert len(tell(target, bundle("1m", CLOSE + MINUTE))) == 1


@pytest.mark.parametrize("timeframes", [("1m", "5m"), ("15m",)])
def test_a_strategy_whose_timeframe_is_not_read_is_refused_at_the_start(timeframes):
    with pytest.raises(ValueError, match="signals needs timeframe"):
        SignalsCore(0, ("BTCUSDT",), timeframes, SETTINGS)


def test_symbols_added_to_the_configuration_begin_empty_after_a_restore():
    target, successor = core(), core(symbols=("BTCUSDT", "ETHUSDT"))
    feed(target, bundles_of(CLOSE))
    successor.restore(target.snapshot())
    (decided,) = tell(successor, bundle("1m", CLOSE + MINUTE, ("BTCUSDT", "ETHUSDT")))
    assert [d.symbol for d in decided.decisions] == ["BTCUSDT", "ETHUSDT"]


def test_used_facts_are_bounded_and_the_oldest_go_first():
    """Invariant 6."""
    memory = SymbolMemory()
    for number in range(50):
        memory.use("ob_fvg", (f"block-{number}", f"gap-{number}"), 16)
        memory.use("ob_fvg", (f"block-{number}",), 16)
        assert len(memory.used["ob_fvg"]) <= 16
    assert memory.used["ob_fvg"][-1] == "gap-49"
    assert memory.used["ob_fvg"][0] == "block-42"


def test_the_view_names_what_is_missing_and_disputed():
    shown = analysis(of=candle(DAWN, "5m", state="disputed"))
    seen = MarketView("BTCUSDT", DAWN, closing_at(DAWN, ("1m", "5m")), {"5m": shown}, {"5m": 1})
    assert seen.missing == ("1m",)
    assert seen.disputed == ("5m",)
