"""How often each strategy failed, the regimes, and the records of kill zones, as Prometheus reads them."""

from __future__ import annotations

from services.signals.metrics import StrategyFigures
from services.signals.overview import PausedStrategy, SignalsOverview
from services.signals.regimes.memory import RegimeReading
from shared.domain.zone_counts import ZoneCount


def samples(figures: StrategyFigures) -> dict[tuple[str, str], float]:
    family = next(each for each in figures.collect() if each.name == "ict_strategy_faults")
    return {(each.labels["strategy"], each.labels["reason"]): each.value for each in family.samples}


def test_faults_of_all_partitions_are_added_up() -> None:
    """OPS-3: one counter a strategy and reason, whichever lane it failed in; a lane that starts again is read anew."""
    figures = StrategyFigures()
    assert samples(figures) == {}
    figures.show("signals.p0", lambda: {"signals.p0": SignalsOverview({"a": {"bad_signal": 9}})})
    figures.show("signals.p0", lambda: {"signals.p0": SignalsOverview({"a": {"bad_signal": 2}}), "risk": None})
    other = SignalsOverview({"a": {"bad_signal": 3}, "b": {"strategy_failed": 1}})
    figures.show("signals.p1", lambda: {"signals.p1": other})
    assert samples(figures) == {("a", "bad_signal"): 5.0, ("b", "strategy_failed"): 1.0}


def test_regimes_are_shown_by_symbol_and_an_unknown_one_as_none() -> None:
    """SIG-5, OPS-3: an unknown regime has its probabilities and no confirmed state."""
    figures = StrategyFigures()
    known = RegimeReading(regime="calm", probabilities={"calm": 0.9, "volatile": 0.1}, deviation=0.004)
    unknown = RegimeReading(regime=None, probabilities={"calm": 0.5, "volatile": 0.5}, deviation=0.01)
    figures.show("signals.p0", lambda: {"signals.p0": SignalsOverview({}, {"BTCUSDT": known})})
    figures.show("signals.p1", lambda: {"signals.p1": SignalsOverview({}, {"ETHUSDT": unknown})})
    shown = {
        (each.name, *each.labels.values()): each.value
        for family in figures.collect()
        if family.name.startswith(("ict_regime", "ict_volatility"))
        for each in family.samples
    }
    assert shown == {
        ("ict_regime", "BTCUSDT", "calm"): 1.0,
        ("ict_regime", "BTCUSDT", "volatile"): 0.0,
        ("ict_regime", "ETHUSDT", "calm"): 0.0,
        ("ict_regime", "ETHUSDT", "volatile"): 0.0,
        ("ict_regime_probability", "BTCUSDT", "calm"): 0.9,
        ("ict_regime_probability", "BTCUSDT", "volatile"): 0.1,
        ("ict_regime_probability", "ETHUSDT", "calm"): 0.5,
        ("ict_regime_probability", "ETHUSDT", "volatile"): 0.5,
        ("ict_volatility_forecast_ratio", "BTCUSDT"): 0.004,
        ("ict_volatility_forecast_ratio", "ETHUSDT"): 0.01,
    }


def test_records_of_kill_zones_are_shown_by_symbol_and_zone() -> None:
    """ICT-11, OPS-3: how many trades, and how many of them won."""
    figures = StrategyFigures()
    zones = {"asian": ZoneCount(won=1.0, trades=4.0), "outside": ZoneCount()}
    figures.show("signals.p0", lambda: {"signals.p0": SignalsOverview({}, {}, {"BTCUSDT": zones})})
    figures.show("signals.p1", lambda: {"signals.p1": SignalsOverview({})})
    shown = {(each.name, *each.labels.values()): each.value for family in figures.collect() for each in family.samples}
    assert shown == {
        ("ict_zone_hypothetical_trades", "BTCUSDT", "asian"): 4.0,
        ("ict_zone_hypothetical_trades", "BTCUSDT", "outside"): 0.0,
        ("ict_zone_win_ratio", "BTCUSDT", "asian"): 0.25,
        ("ict_zone_win_ratio", "BTCUSDT", "outside"): 0.0,
    }


def test_a_paused_strategy_is_shown_once_whichever_lanes_say_so() -> None:
    """SIG-8, OPS-3: a pause in every symbol is every partition's, and one fact."""
    figures = StrategyFigures()
    whole, single = PausedStrategy("ob_fvg", "", "command"), PausedStrategy("ote", "BTCUSDT", "command")
    figures.show("signals.p0", lambda: {"signals.p0": SignalsOverview({}, paused=(whole, single))})
    figures.show("signals.p1", lambda: {"signals.p1": SignalsOverview({}, paused=(whole,))})
    family = next(each for each in figures.collect() if each.name == "ict_strategy_paused")
    assert [(tuple(each.labels.values()), each.value) for each in family.samples] == [
        (("ob_fvg", "", "command"), 1.0),
        (("ote", "BTCUSDT", "command"), 1.0),
    ]
