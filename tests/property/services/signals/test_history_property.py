"""The prices that strategies look back on: consecutive, bounded, restored, and nothing that was not declared (SIG-4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.decisions import Deciding
from services.analysis.settings import AnalysisSettings
from services.ingest.settings import IngestSettings
from services.signals.contract import Enabled, Strategy
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.classical.zscore import ZscoreSettings
from services.signals.view import MarketView, UndeclaredRead
from services.signals.view.history import MOST_BARS, History
from shared.config.settings import CommonSettings
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE, closing_at
from simulator.market.generator import GeneratedMarket
from tests.support.signals.demo_market import SEED, SYMBOLS
from tests.support.signals.scenes import CLOSE, DAWN, analysis, bundles_of

CLASSICAL = ("moving_averages", "donchian", "macd", "bollinger", "rsi_extremes", "zscore")
STEPS = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60)


def candles(steps: list[tuple[int, bool]]) -> list[Candle]:
    """A candle a step: after as many missing ones as the first number says, disputed or not."""
    found, at = [], DAWN
    for number, (missing, disputed) in enumerate(steps):
        at += (1 + missing) * MINUTE
        state: Any = "disputed" if disputed and number % 3 == 0 else "closed"
        found.append(
            Candle(
                symbol="BTCUSDT", timeframe="1m", open_time=at, open=1.0, high=number + 2.0, low=0.5, close=number + 1.0,
                volume=1.0, state=state,
            )
        )  # fmt: skip
    return found


@given(steps=STEPS, limit=st.integers(1, 20), asked=st.integers(1, 20))
def test_history_is_the_newest_candles_that_follow_on_each_other(
    steps: list[tuple[int, bool]], limit: int, asked: int
) -> None:
    """No indicator spans a gap or a disputed candle."""
    history, run = History(), []
    for candle in candles(steps):
        if candle.state == "disputed":
            run = []
        elif run and candle.open_time == run[-1].open_time + MINUTE:
            run.append(candle)
        else:
            run = [candle]
        history.take(candle, limit)
        kept = run[-limit:]
        assert history.closes == [each.close for each in kept]
        bars = history.newest(asked)
        assert (bars is None) == (len(kept) < asked)
        if bars is not None:
            assert bars.highs == [each.high for each in kept[-asked:]]


def test_looking_back_further_than_declared_is_refused() -> None:
    """SIG-1: the answer would depend on what others declare."""
    enabled = Enabled(STRATEGIES["zscore"], ZscoreSettings(period=4))
    past = History(highs=[1.0] * 50, lows=[1.0] * 50, closes=[1.0] * 50)
    shown = MarketView(
        "BTCUSDT", CLOSE, closing_at(CLOSE), {"15m": analysis()}, {"15m": 50}, scope=enabled.scope, history={"15m": past}
    )
    assert shown.history("15m", 5) is not None
    for frame, count in (("15m", 6), ("1h", 1)):
        with pytest.raises(UndeclaredRead, match=f"{count} candles of {frame}"):
            shown.history(frame, count)  # type: ignore[arg-type]  # a table row
    assert len(shown.asked) == 2


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ({"1h": 5}, "looks back on 1h and does not declare to read it"),
        ({"15m": 0}, "declares to read 0 candles of 15m, which does not exist"),
        ({"15m": MOST_BARS + 1}, f"declares to read {MOST_BARS + 1} candles of 15m"),
    ],
)
def test_a_history_that_cannot_be_kept_is_refused_when_the_strategy_is_enabled(history: dict[Any, int], said: str) -> None:
    before = STRATEGIES["zscore"]
    wrong: Strategy[Any] = Strategy(
        name="zscore", about=before.about, settings=before.settings, judge=before.judge, timeframe=before.timeframe,
        reads=before.reads, history=lambda _: history,
    )  # fmt: skip
    with pytest.raises(ValueError, match=said):
        Enabled(wrong, ZscoreSettings())


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 40))
def test_a_restart_keeps_the_history(cut: int) -> None:
    """Invariant 3: restore(snapshot()) cannot be told from the original, and the history is bounded."""
    chosen = SignalsSettings(strategies=("zscore",), zscore=ZscoreSettings(timeframe="1m", period=10))
    original, successor = (SignalsCore(0, ("BTCUSDT",), ("1m", "15m"), chosen) for _ in range(2))
    messages = [each for step in range(1, 41) for each in bundles_of(DAWN + step * MINUTE, ("1m", "15m"))]
    for message in messages[:cut]:
        original.handle(message, message.close_time)
    successor.restore(original.snapshot())
    for message in messages[cut:]:
        assert original.handle(message, message.close_time) == successor.handle(message, message.close_time)
    assert original.snapshot() == successor.snapshot()


def test_every_classical_strategy_signals_on_the_demo_market_and_none_is_at_fault() -> None:
    """SIG-4, SIG-8: what one says does not depend on which others are switched on."""
    common = CommonSettings.model_validate({"symbols": SYMBOLS})

    def said(*names: str) -> dict[str, list[object]]:
        chosen = SignalsSettings(strategies=names)
        replay = Deciding(common, IngestSettings(), AnalysisSettings(), chosen)
        found: dict[str, list[object]] = {name: [] for name in names}
        for _, decisions in replay.over(GeneratedMarket(SYMBOLS, days=2.0, seed=SEED)):
            for judgement in (each for decision in decisions for each in decision.judgements):
                found[judgement.strategy].append(judgement)
        return found

    together = said(*CLASSICAL)
    for name, judgements in together.items():
        reasons = {reason for each in judgements for reason in each.reasons}  # type: ignore[attr-defined]  # judgements
        assert reasons <= {"no_setup", "warming_up", "stop_too_near", "stop_too_far"}, name
        assert any(each.signal is not None for each in judgements), name  # type: ignore[attr-defined]  # judgements
    assert said("macd")["macd"] == together["macd"]
    assert len(together["macd"]) == 2 * 2 * DURATION["1d"] // DURATION["15m"]
