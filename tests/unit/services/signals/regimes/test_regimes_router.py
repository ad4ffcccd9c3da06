"""The router in the signals core: who trades in which regime, with which weight, and nothing at all without routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.signals.core import SignalsCore, SignalsState
from services.signals.gates import Gate
from services.signals.overview import SignalsOverview
from services.signals.regimes.model import RegimeModel
from services.signals.regimes.settings import RegimeSettings
from services.signals.settings import SignalsSettings
from services.signals.strategies.ob_fvg import ObFvgSettings
from shared.domain.candles import Candle
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import DURATION, Timeframe, closing_at
from tests.support.runtime.telling import tell
from tests.support.signals.regime_scenes import candles, model, written
from tests.support.signals.scenes import CLOSE, QUARTER, analysis, block, bundle, candle, gap

FRAMES: tuple[Timeframe, ...] = ("1m", "5m", "15m")
CALM, VOLATILE = 0.0002, 0.02
SCORE = 5.5


def core(
    tmp_path: Path, shown: RegimeModel | None = None, *, symbols: tuple[str, ...] = ("BTCUSDT",), **regimes: Any
) -> SignalsCore:
    path = written(tmp_path / "model.json", shown or model(timeframe="5m"))
    regimes = {"models": (path,), "warmup_candles": 2, "confirm_candles": 2} | regimes
    settings = SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0), regimes=RegimeSettings(**regimes))
    return SignalsCore(0, symbols, FRAMES, settings)


def history(size: float, count: int = 8) -> list[Candle]:
    """Candles of 5m that end where the scene's close opens, moving by ``size`` up and down."""
    returns = [size if place % 2 else -size for place in range(count)]
    return candles(returns, "5m", begin=CLOSE - (count + 2) * DURATION["5m"])


def feed(target: SignalsCore, size: float, *, last: Candle | None = None, at: int = CLOSE) -> Decision:
    """Warm up on a history, then a close with a setup of ob_fvg; return what is decided of the symbol."""
    rows = history(size)
    for row in rows:
        warm = AnalysisBundle(
            partition=0, timeframe="5m", close_time=row.close_time, analyses=(analysis(of=row),), warmup=True
        )
        tell(target, warm)
    before = rows[-1].close
    fives = last or candle(at, "5m", open=before, high=before * 1.1, low=before * 0.9, close=before * (1 + size))
    messages = [bundle("1m", at), bundle("15m", at, ("BTCUSDT",), block(), gap())]
    messages.append(AnalysisBundle(partition=0, timeframe="5m", close_time=at, analyses=(analysis(of=fives),)))
    (decided,) = [out for each in messages for out in tell(target, each) if isinstance(out, DecisionBundle)]
    return decided.decisions[0]


@pytest.mark.parametrize(
    ("size", "route", "reasons", "score"),
    [
        (CALM, {"calm": 1.0}, (), SCORE),
        (CALM, {"volatile": 1.0}, ("wrong_regime",), 0.0),
        (VOLATILE, {"volatile": 1.0}, (), SCORE),
        (VOLATILE, {"calm": 1.0}, ("wrong_regime",), 0.0),
        (CALM, {"calm": 2.0, "volatile": 0.8}, (), 2.0 * SCORE),
        (VOLATILE, {"calm": 2.0, "volatile": 0.8}, (), 0.8 * SCORE),
        (VOLATILE, {"calm": 2.0, "volatile": 0.7}, ("wrong_regime",), 0.0),  # 3.85 points, and the strategy asks for 4
    ],
)
def test_a_signal_counts_in_the_regimes_of_its_route_with_the_weight_there(tmp_path, size, route, reasons, score) -> None:
    """SIG-5: the regime picks and weighs strategies."""
    decision = feed(core(tmp_path, routes={"ob_fvg": route}), size)
    assert decision.why_not == reasons
    if score:
        assert decision.signal is not None
        assert decision.signal.score == pytest.approx(score)
        assert f"Regime on 5m: {'calm' if size == CALM else 'volatile'}, weight {score / SCORE:g}." in decision.signal.why


def test_without_routes_models_change_no_byte_of_a_decision(tmp_path) -> None:
    """SIG-5: off is off; the regime is watched, and nobody asks it."""
    plain = SignalsCore(0, ("BTCUSDT",), FRAMES, SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0)))
    for size in (CALM, VOLATILE):
        assert feed(core(tmp_path), size).judgements[0].signal is not None
        watched, unwatched = core(tmp_path), plain
        assert msgspec.msgpack.encode(feed(watched, size)) == msgspec.msgpack.encode(feed(unwatched, size))
        plain = SignalsCore(0, ("BTCUSDT",), FRAMES, SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0)))


def test_without_models_the_snapshot_is_what_it_was(tmp_path) -> None:
    """Invariant 3: an older state is taken over, and an older program could read a newer one."""
    plain = SignalsCore(0, ("BTCUSDT",), FRAMES, SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0)))
    feed(plain, CALM)
    assert set(msgspec.msgpack.decode(plain.snapshot())) == {"barrier", "symbols", "faults"}
    successor = core(tmp_path)
    successor.restore(plain.snapshot())
    assert successor.overview()["signals.p0"].regimes["BTCUSDT"].regime is None


@pytest.mark.parametrize(("last", "reason"), [("missing", "data_missing"), ("disputed", "data_disputed")])
def test_nothing_rests_on_a_regime_whose_candle_is_missing_or_disputed(tmp_path, last, reason) -> None:
    """DATA-3: the strategy reads 15m alone, its route 5m."""
    row = candle(CLOSE, "5m", state="disputed") if last == "disputed" else candle(CLOSE - DURATION["5m"], "5m")
    assert feed(core(tmp_path, routes={"ob_fvg": {"calm": 1.0}}), CALM, last=row).why_not == (reason,)
    assert feed(core(tmp_path), CALM, last=row).signal is not None


def shown_gates(tmp_path: Path, size: float, route: dict[str, float]) -> list[Gate]:
    """What is asked of the signal of ob_fvg after the filters."""
    gates: list[Gate] = []
    path = written(tmp_path / "model.json", model(timeframe="5m"))
    regimes = RegimeSettings(models=(path,), warmup_candles=2, confirm_candles=2, routes={"ob_fvg": route})
    settings = SignalsSettings(ob_fvg=ObFvgSettings(warmup_candles=0), regimes=regimes)
    feed(SignalsCore(0, ("BTCUSDT",), FRAMES, settings, lambda *told: gates.extend(told[4])), size)
    return gates


@pytest.mark.parametrize(
    ("size", "route", "passed", "numbers", "words"),
    [
        (CALM, {"calm": 2.0}, True, (2.0 * SCORE, 4.0), "5.5 points count 2 times, 11; at least 4 are needed."),
        (VOLATILE, {"volatile": 0.7}, False, (pytest.approx(3.85), 4.0), "count 0.7 times, 3.85; at least 4 are needed."),
        (VOLATILE, {"calm": 1.0}, False, (None, None), "The regime on 5m is volatile (calm 0.0%, volatile 100.0%)"),
    ],
)
def test_who_asks_why_is_shown_the_gate_of_the_regime_with_its_numbers(
    tmp_path, size, route, passed, numbers, words
) -> None:
    """SIG-7: every gate with its numbers, not those of the strategy alone."""
    (gate,) = shown_gates(tmp_path, size, route)
    assert (gate.name, gate.reason, gate.passed) == ("regime", "wrong_regime", passed)
    assert (gate.value, gate.limit) == numbers
    assert words in gate.text


def test_an_unknown_regime_stops_what_has_a_route(tmp_path) -> None:
    """Never guess: before the warm-up, and at candles that the model was fitted on."""
    route = {"ob_fvg": {"calm": 1.0, "volatile": 1.0}}
    assert feed(core(tmp_path, routes=route, warmup_candles=500), CALM).why_not == ("wrong_regime",)
    seen = model(timeframe="5m", fitted_to=CLOSE)
    assert feed(core(tmp_path, seen, routes=route), CALM).why_not == ("wrong_regime",)
    assert feed(core(tmp_path, routes=route), CALM).signal is not None


def test_a_stopped_signal_uses_up_no_zone(tmp_path) -> None:
    """SIG-5: the setup may be taken when the regime has changed."""
    target = core(tmp_path, routes={"ob_fvg": {"volatile": 1.0}})
    feed(target, CALM)
    state = msgspec.msgpack.decode(target.snapshot(), type=SignalsState)
    assert state.symbols["BTCUSDT"].used == {}


def test_a_state_that_another_model_made_is_learnt_anew(tmp_path) -> None:
    """Never guess: probabilities of one model mean nothing to another."""
    first = core(tmp_path)
    feed(first, CALM)
    same, other = core(tmp_path), core(tmp_path, model(timeframe="5m", seed=2))
    same.restore(first.snapshot())
    other.restore(first.snapshot())
    assert regime(same).regime == "calm"
    assert regime(other).regime is None


def regime(target: SignalsCore):
    part = target.overview()["signals.p0"]
    assert isinstance(part, SignalsOverview)
    return part.regimes["BTCUSDT"]


def test_a_model_without_its_timeframe_and_a_route_without_a_model_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="needs timeframe 1h"):
        core(tmp_path, model(timeframe="1h"))
    with pytest.raises(ValueError, match="ETHUSDT of partition 0 no regime model"):
        core(tmp_path, symbols=("BTCUSDT", "ETHUSDT"), routes={"ob_fvg": {"calm": 1.0}})
    assert core(tmp_path, symbols=("BTCUSDT", "ETHUSDT")) is not None


def test_symbols_of_other_partitions_and_other_timeframes_leave_the_regime_alone(tmp_path) -> None:
    target = core(tmp_path)
    before = target.snapshot()
    at = CLOSE + QUARTER
    stranger = analysis(of=candle(at, "5m", "ETHUSDT"))
    tell(target, AnalysisBundle(partition=0, timeframe="5m", close_time=at, analyses=(stranger,), warmup=True))
    assert target.snapshot() == before
    assert closing_at(at, FRAMES) == FRAMES
