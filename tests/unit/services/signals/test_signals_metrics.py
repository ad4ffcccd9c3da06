"""How often each strategy failed, as Prometheus reads it."""

from __future__ import annotations

from services.signals.metrics import StrategyFigures
from services.signals.overview import SignalsOverview


def samples(figures: StrategyFigures) -> dict[tuple[str, str], float]:
    (family,) = figures.collect()
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
