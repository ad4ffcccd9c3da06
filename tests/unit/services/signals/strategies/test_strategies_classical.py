"""The classical strategies as tables: the closes, and what each says of the last one; short is the mirror of long.

Highs and lows lie 0.1 beyond the closes; the average true range is 1, so the stop is 2 away and the target 4.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.signals.contract import Enabled
from services.signals.judging import ask
from services.signals.strategies import STRATEGIES
from services.signals.view import MarketView
from services.signals.view.history import History
from shared.domain.decisions import Judgement
from shared.domain.timeframes import closing_at
from tests.support.signals.scenes import CLOSE, analysis, candle

#: Short windows, so that a table can be checked by eye.
SHORT: dict[str, dict[str, Any]] = {
    "moving_averages": {"fast": 2, "slow": 4},
    "donchian": {"channel": 3},
    "macd": {"fast": 2, "slow": 4, "signal": 2},
    "bollinger": {"period": 4, "width": 1.2},
    "rsi_extremes": {"period": 2},
    "zscore": {"period": 4, "entry": 1.5},
}
FALL, FLAT = [110.0 - step for step in range(30)], [100.0] * 30

#: Strategy, closes whose last is judged, and what a long setup is: BUY, or the reasons why not.
LONG: dict[str, tuple[str, list[float], str | tuple[str, ...]]] = {
    "averages: the fast one crosses above": ("moving_averages", [*FALL, 80.0, 90.0], "BUY"),
    "averages: it crossed a close ago": ("moving_averages", [*FALL, 80.0, 90.0, 92.0], ("no_setup",)),
    "averages: it goes on falling": ("moving_averages", [*FALL, 80.0], ("no_setup",)),
    "averages: the fast one only reaches the slow one": ("moving_averages", [*FALL, 80.0, 83.0], ("no_setup",)),
    "averages: nothing moves": ("moving_averages", FLAT, ("no_setup",)),
    "averages: too little history": ("moving_averages", [100.0, 90.0, 80.0, 95.0], ("warming_up",)),
    "channel: the first close above it": ("donchian", [*FLAT, 100.2], "BUY"),
    "channel: at its edge": ("donchian", [*FLAT, 100.1], ("no_setup",)),
    "channel: the second close above": ("donchian", [*FLAT, 100.2, 100.5], ("no_setup",)),
    "channel: inside": ("donchian", [*FLAT, 100.05], ("no_setup",)),
    "channel: back inside": ("donchian", [*FLAT, 101.0, 100.0], ("no_setup",)),
    "channel: too little history": ("donchian", [100.0, 100.0, 100.0, 100.2], ("warming_up",)),
    "macd: the line crosses above": ("macd", [*FALL, 79.0, 76.0, 78.0], "BUY"),
    "macd: it goes on falling": ("macd", [*FALL, 79.0, 76.0], ("no_setup",)),
    "macd: it crossed a close ago": ("macd", [*FALL, 79.0, 76.0, 78.0, 81.0], ("no_setup",)),
    "macd: the line comes near and does not cross": ("macd", [*FALL, 79.0, 76.0, 74.5], ("no_setup",)),
    "macd: nothing moves": ("macd", FLAT, ("no_setup",)),
    "macd: too little history": ("macd", FALL[:20], ("warming_up",)),
    "bands: back from below": ("bollinger", [*FLAT, 97.0, 98.0], "BUY"),
    "bands: still outside": ("bollinger", [*FLAT, 97.0, 95.0], ("no_setup",)),
    "bands: through the middle at once": ("bollinger", [*FLAT, 97.0, 101.0], ("no_setup",)),
    "bands: was never outside": ("bollinger", [*FLAT, 99.0, 101.0, 99.0, 101.0, 99.5], ("no_setup",)),
    "bands: nothing moves": ("bollinger", FLAT, ("no_setup",)),
    "bands: too little history": ("bollinger", [100.0, 97.0, 98.0, 98.5], ("warming_up",)),
    "index: leaves oversold": ("rsi_extremes", [*FALL, 82.0], "BUY"),
    "index: stays oversold": ("rsi_extremes", [*FALL, 80.2], ("no_setup",)),
    "index: left it a close ago": ("rsi_extremes", [*FALL, 82.0, 82.1], ("no_setup",)),
    "index: rises to just below its bound": ("rsi_extremes", [*FALL, 81.4], ("no_setup",)),
    "index: in the middle": ("rsi_extremes", [*[100.0, 101.0] * 15, 100.0], ("no_setup",)),
    "index: too little history": ("rsi_extremes", FALL[:11], ("warming_up",)),
    "z-score: the first close far below": ("zscore", [*FLAT, 101.0, 99.0, 100.0, 90.0], "BUY"),
    "z-score: the second": ("zscore", [*FLAT, 90.0, 89.0], ("no_setup",)),
    "z-score: far away, and not far enough": ("zscore", [*FLAT, 101.0, 99.0, 100.0, 98.4], ("no_setup",)),
    "z-score: near the mean": ("zscore", [*FLAT, 101.0, 99.0, 100.0, 99.5], ("no_setup",)),
    "z-score: nothing moves": ("zscore", FLAT, ("no_setup",)),
    "z-score: too little history": ("zscore", [100.0, 101.0, 90.0], ("warming_up",)),
}


def seen(name: str, closes: list[float], *, atr: float = 1.0, **settings: Any) -> tuple[Enabled, MarketView]:
    strategy = STRATEGIES[name]
    enabled = Enabled(strategy, strategy.settings(**SHORT[name], **settings))
    last = closes[-1]
    shown = analysis(of=candle(CLOSE, open=last, high=last + 0.1, low=last - 0.1, close=last), atr=atr)
    past = History(highs=[each + 0.1 for each in closes], lows=[each - 0.1 for each in closes], closes=closes)
    view = MarketView(
        "BTCUSDT", CLOSE, closing_at(CLOSE), {"15m": shown}, {"15m": 100}, scope=enabled.scope, history={"15m": past}
    )
    return enabled, view


def asked(name: str, closes: list[float], *, atr: float = 1.0, **settings: Any) -> Judgement:
    judgement, fault = ask(*seen(name, closes, atr=atr, **settings))
    assert fault is None
    return judgement


def outcome(judgement: Judgement) -> str | tuple[str, ...]:
    return judgement.signal.side if judgement.signal is not None else judgement.reasons


@pytest.mark.parametrize(("name", "closes", "expected"), LONG.values(), ids=LONG.keys())
def test_a_long_setup_fires_and_each_condition_turned_off_stops_it(
    name: str, closes: list[float], expected: str | tuple[str, ...]
) -> None:
    """SIG-4, SIG-7."""
    assert outcome(asked(name, closes)) == expected


@pytest.mark.parametrize(("name", "closes", "expected"), LONG.values(), ids=LONG.keys())
def test_the_mirrored_closes_are_sold(name: str, closes: list[float], expected: str | tuple[str, ...]) -> None:
    """What is bought falling is sold rising, by the same rules."""
    mirrored = [200.0 - close for close in closes]
    assert outcome(asked(name, mirrored)) == ("SELL" if expected == "BUY" else expected)


FIRING = {name: closes for name, closes, expected in LONG.values() if expected == "BUY"}


@pytest.mark.parametrize("name", SHORT)
def test_a_signal_has_its_stop_in_average_true_ranges_and_one_target(name: str) -> None:
    """SIG-7: and a sentence that says what fired."""
    closes = FIRING[name]
    signal = asked(name, closes).signal
    assert signal is not None
    assert (signal.entry.price, signal.strategy) == (closes[-1], name)
    assert signal.stop == pytest.approx(closes[-1] - 2.0)
    assert signal.target == pytest.approx(closes[-1] + 4.0)
    assert signal.why.startswith("BTCUSDT 15m: ")


@pytest.mark.parametrize("mirrored", [False, True], ids=["long", "short"])
@pytest.mark.parametrize("name", SHORT)
def test_a_stop_out_of_bounds_and_an_unknown_range_are_refused_with_their_reasons(name: str, mirrored: bool) -> None:
    closes = [200.0 - each if mirrored else each for each in FIRING[name]]
    assert outcome(asked(name, closes)) == ("SELL" if mirrored else "BUY")
    assert asked(name, closes, atr=6.0).reasons == ("stop_too_far",)
    assert asked(name, closes, atr=0.01).reasons == ("stop_too_near",)
    assert asked(name, closes, atr=0.0).reasons == ("warming_up",)


@pytest.mark.parametrize("name", SHORT)
def test_every_gate_is_told_in_a_sentence_when_somebody_asks(name: str) -> None:
    """SIG-7: judging itself writes none, and the gates are the same."""
    enabled, view = seen(name, FIRING[name])
    gates = enabled.gates(view)
    assert len(gates) >= 5
    assert all(gate.text for gate in gates)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("moving_averages", {"fast": 50, "slow": 50}),
        ("macd", {"fast": 26, "slow": 12}),
        ("rsi_extremes", {"oversold": 70.0, "overbought": 70.0}),
        ("donchian", {"min_stop_distance": 0.05}),
        ("zscore", {"max_stop_distance": 0.5}),
        ("bollinger", {"period": 1}),
    ],
)
def test_settings_that_could_not_work_are_refused(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        STRATEGIES[name].settings(**wrong)


@pytest.mark.parametrize("name", SHORT)
def test_the_longest_settings_fit_into_the_history_that_may_be_declared(name: str) -> None:
    """Else a setting within its range would be refused when the strategy is enabled."""
    model = STRATEGIES[name].settings
    most = {
        field: next(each.le for each in model.model_fields[field].metadata if hasattr(each, "le"))
        for field in ("fast", "slow", "signal", "channel", "period")
        if field in model.model_fields
    }
    assert Enabled(STRATEGIES[name], model(**most)).scope.history["15m"] > max(most.values())
