"""The feed of judgements: what it holds, that it decides nothing, and that it stays within its size (SIG-7)."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from services.signals.contract import Strategy
from services.signals.core import SignalsCore
from services.signals.explaining import Explanation
from services.signals.filters.settings import FiltersSettings
from services.signals.gates import Gate
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.ob_fvg import ObFvgSettings
from services.signals.telling import LARGEST, JudgementFeed, fitting
from shared.bus.codec import decode, encode
from shared.bus.topology import OPTIONAL_TOPICS, TRANSIENT_TOPICS, build
from shared.domain.decisions import DecisionBundle, Judgement
from shared.domain.judgements import MAX_GATES, JudgementBundle, ToldGate, ToldJudgement
from shared.domain.timeframes import MINUTE, TIMEFRAMES, closing_at
from tests.support.signals.scenes import CLOSE, block, bundle, gap

BOTH = ("BTCUSDT", "ETHUSDT")
OFF = SignalsSettings(strategies=("ob_fvg", "ote"), ob_fvg=ObFvgSettings(warmup_candles=0))
ON = OFF.model_copy(update={"publish_judgements": True})


def outputs(settings: SignalsSettings, at: int = CLOSE) -> tuple[list[Any], SignalsCore]:
    target = SignalsCore(0, BOTH, TIMEFRAMES, settings)
    analysed = [bundle(timeframe, at, BOTH, block(), gap()) for timeframe in closing_at(at, TIMEFRAMES)]
    return [each for message in analysed for each in target.handle(message, at)], target


def told(settings: SignalsSettings = ON) -> JudgementBundle:
    (found,) = [each for each in outputs(settings)[0] if isinstance(each, JudgementBundle)]
    return found


def test_every_judgement_of_the_close_is_told_with_its_numbers() -> None:
    """SIG-7: signals in short, and each gate with what was compared and its sentence."""
    found = told()
    assert (found.partition, found.close_time, found.topic, found.left_out) == (0, CLOSE, "judgement.p0", 0)
    assert [(each.symbol, each.strategy) for each in found.judgements] == [
        (symbol, strategy) for symbol in BOTH for strategy in ("ob_fvg", "ote")
    ]
    first, second, *_ = found.judgements
    assert first.signal is not None
    assert (first.signal.side, first.reasons, first.failing) == ("BUY", (), ())
    score = next(each for each in first.gates if each.name == "block_score")
    assert (score.value, score.limit, score.unit) == (0.8, OFF.ob_fvg.min_block_score, "points")
    assert score.text
    assert (second.signal, second.reasons) == (None, ("warming_up",))


def test_the_feed_changes_no_decision_and_no_state() -> None:
    """Invariant 2: with it and without it the same bytes are decided and kept."""
    (plain, without), (more, with_it) = outputs(OFF), outputs(ON)
    assert [each for each in more if not isinstance(each, JudgementBundle)] == plain
    assert with_it.snapshot() == without.snapshot()


def test_without_the_setting_nothing_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIG-7: sentences cost time, and the default has nobody who reads them."""
    asked: list[str] = []
    strategy: Strategy[Any] = STRATEGIES["ob_fvg"]

    def explain(view: Any, settings: Any) -> tuple[Gate, ...]:
        asked.append(view.symbol)
        return ()

    monkeypatch.setitem(STRATEGIES, "ob_fvg", dataclasses.replace(strategy, explain=explain))
    assert not [each for each in outputs(OFF)[0] if isinstance(each, JudgementBundle)]
    assert asked == []
    told()
    assert asked == list(BOTH)


def test_a_paused_strategy_is_told_as_paused_and_its_gates_all_hold() -> None:
    """SIG-8: so that a person sees what the pause keeps back."""
    first = told(ON.model_copy(update={"paused": ("ob_fvg",)})).judgements[0]
    assert (first.signal, first.reasons, first.failing) == (None, ("paused",), ())
    assert first.gates


def test_a_signal_that_a_filter_stopped_is_told_with_the_numbers_of_the_filter() -> None:
    """SIG-6, SIG-7: else every gate would seem to hold, and nobody would see what stopped it."""
    strict = FiltersSettings.model_validate({"cost": {"enabled": True, "max_cost_r": 0.001}})
    first = told(ON.model_copy(update={"filters": strict})).judgements[0]
    assert (first.signal, first.reasons) == (None, ("cost_too_high",))
    (gate,) = first.failing
    assert (gate.name, gate.limit, gate.unit) == ("cost", 0.001, "R")
    assert len(first.gates) > 6
    paused = told(ON.model_copy(update={"filters": strict, "paused": ("ob_fvg",)})).judgements[0]
    assert (paused.reasons, paused.failing) == (("paused",), ())


def test_a_close_at_which_no_strategy_judges_leaves_no_message() -> None:
    """SIG-7: a minute is not worth one."""
    found, _ = outputs(ON, CLOSE + MINUTE)
    assert [type(each) for each in found] == [DecisionBundle]


def test_no_gate_of_a_plug_in_breaks_the_message() -> None:
    """SIG-8: texts are cut and mended, numbers are finite, a reason that does not exist leaves its gate out."""
    wild: Any = [
        Gate("n" * 500, "no_fvg", True, float("nan"), 10**400, "u" * 99, "s" * 9_999),
        Gate("\ud800", "no_fvg", True, float("inf"), True, text=None),  # type: ignore[arg-type]  # what a plug-in may do
        Gate(7, "no such reason", True),  # type: ignore[arg-type]  # the same
        *[Gate("one", "no_fvg", True)] * 100,
    ]
    feed = JudgementFeed(0)
    said = Judgement(strategy="wild", reasons=("no_fvg",))
    explained = Explanation(
        symbol="BTCUSDT", strategy="wild", timeframe="1m", close_time=CLOSE, judgement=said, gates=tuple(wild)
    )
    feed.add(explained, said)
    (found,) = feed.take(CLOSE)
    assert decode("judgement_bundle", 1, encode(found)) == found
    gates = found.judgements[0].gates
    assert len(gates) == MAX_GATES - 1
    assert [(each.value, each.limit) for each in gates[:2]] == [(None, None), (None, 1.0)]
    assert feed.take(CLOSE) == ()


def full(symbols: int, strategies: int, gates: int) -> JudgementBundle:
    """Gates with all that they may have."""
    gate = ToldGate(
        name="n" * 20, reason="price_not_in_zone", passed=False, value=1.25, limit=2.5, unit="fraction", text="s" * 200
    )
    return JudgementBundle(
        partition=0,
        close_time=CLOSE,
        judgements=tuple(
            ToldJudgement(
                symbol=f"SYMBOL{n}USDT", strategy=f"s{m}", timeframe="15m", reasons=("no_fvg",), gates=(gate,) * gates
            )
            for n in range(symbols)
            for m in range(strategies)
        ),
    )


@pytest.mark.parametrize(
    ("bundle_", "sentences", "gates", "left_out"),
    [
        (full(50, 4, 14), True, 14, False),
        (full(50, 8, 14), False, 14, False),
        (full(50, 64, 64), False, 0, False),
        (full(150, 64, 1), False, 0, True),
    ],
    ids=["fits", "without sentences", "without gates", "without the last"],
)
def test_a_bundle_that_is_too_large_loses_sentences_then_gates_then_the_last_judgements(
    bundle_: JudgementBundle, sentences: bool, gates: int, left_out: bool
) -> None:
    """Invariant 6: whatever strategies say, the message has a bound that the broker and every reader take."""
    largest = LARGEST if not left_out else 200_000
    found = fitting(bundle_, largest)
    assert len(encode(found)) <= largest
    assert len(found.judgements) + found.left_out == len(bundle_.judgements)
    assert bool(found.left_out) is left_out
    assert {len(each.gates) for each in found.judgements} == {gates}
    assert any(gate.text for each in found.judgements for gate in each.gates) is sentences
    assert found.judgements[0] == msgspec.structs.replace(bundle_.judgements[0], gates=found.judgements[0].gates)


def test_nobody_is_bound_to_the_feed_and_it_is_written_to_no_disk() -> None:
    """OPS-1: a reader has a queue of its own, of which the oldest go first; without one nothing is kept anywhere."""
    assert "judgement" in OPTIONAL_TOPICS & TRANSIENT_TOPICS
    assert not [each.name for each in build().queues if any(word.startswith("judgement") for word in each.bindings)]
