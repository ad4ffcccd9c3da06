"""A strategy's explanation and its answer cannot differ: the gates that fail are exactly the reasons (SIG-7)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import bool_, float64

from services.signals.contract import Enabled, Strategy
from services.signals.explaining import Explanation, explain
from services.signals.gates import Gate, failed
from services.signals.judging import ask
from services.signals.strategies import STRATEGIES
from services.signals.strategies.ob_fvg import ObFvgSettings
from services.signals.view import MarketView
from services.signals.view.history import History
from services.signals.view.scope import EVERYTHING, Scope
from shared.domain.decisions import Reason
from shared.domain.facts import Analysis
from shared.domain.order_flow import SettledFunding
from shared.domain.timeframes import closing_at
from tests.support.signals.ict_checks import STAGES
from tests.support.signals.ict_edits import EDITS, Edit, edited
from tests.support.signals.scenes import CLOSE, QUARTER, analysis, block, candle, gap

PRICES = st.floats(98.0, 106.0).map(lambda price: round(price, 2))
DIRECTIONS = st.sampled_from(("bullish", "bearish"))
KNOWN = st.sampled_from((CLOSE - 4 * QUARTER, CLOSE - QUARTER, CLOSE))
EXPLAINED = [name for name, strategy in STRATEGIES.items() if strategy.explain is not None]


def test_every_strategy_but_the_drill_explains_itself_by_gates() -> None:
    """SIG-7: a drill trades without a reason."""
    assert {name for name, strategy in STRATEGIES.items() if not strategy.drill} == set(EXPLAINED)


@st.composite
def zones(draw: st.DrawFn) -> list[object]:
    """Blocks and gaps of both directions: near and far, strong and weak, old and of this very candle."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        make = draw(st.sampled_from((block, gap)))
        low, high = sorted((draw(PRICES), draw(PRICES)))
        known = draw(KNOWN)
        score = draw(st.sampled_from((0.1, 0.3, 0.9)))
        changes = {"id": f"zone-{number}", "formed_at": known, "confirmed_at": known, "changed_at": known, "score": score}
        found.append(make(draw(DIRECTIONS), low, high, **changes))
    return found


def seen(
    shown: Analysis,
    scope: Scope,
    *,
    at: int = CLOSE,
    candles: int = 100,
    used: tuple[str, ...] = (),
    history: History | None = None,
) -> MarketView:
    """The view of a strategy that reads ``scope`` and nothing else."""
    frame = shown.timeframe
    past = {frame: history} if history is not None else {}
    return MarketView(shown.symbol, at, closing_at(at), {frame: shown}, {frame: candles}, used, scope=scope, history=past)


@st.composite
def views(draw: st.DrawFn, scope: Scope) -> MarketView:
    low, high = sorted((draw(PRICES), draw(PRICES)))
    state = draw(st.sampled_from(("closed", "closed", "closed", "disputed")))
    close = draw(st.floats(low, high))
    rate, age = draw(st.sampled_from((None, 0.0, 0.0001, 0.002, -0.002))), draw(st.sampled_from((15, 30, 480)))
    funding = None if rate is None else SettledFunding(rate=rate, time=CLOSE - age * 60_000)
    shown = candle(CLOSE, open=low, low=low, high=high, close=close, state=state, funding=funding)
    trend = draw(st.sampled_from(("up", "down", "none")))
    shown_at = analysis(*draw(zones()), trend=trend, atr=draw(st.sampled_from((0.0, 1e-9, 0.5, 3.0))), of=shown)  # type: ignore[arg-type]  # facts
    used = tuple(f"zone-{number}" for number in draw(st.sets(st.integers(0, 6), max_size=2)))
    at = draw(st.sampled_from((CLOSE, CLOSE, CLOSE, CLOSE + QUARTER, CLOSE + 60_000)))
    past = walked(draw(st.integers(0, 10_000)), draw(st.sampled_from((0, 30, 400))), close)
    return seen(shown_at, scope, at=at, candles=draw(st.sampled_from((0, 19, 20, 500))), used=used, history=past)


def walked(seed: int, count: int, close: float) -> History:
    """Candles of a walk that ends at ``close``."""
    dice = random.Random(seed)
    closes = [close]
    while len(closes) < count:
        closes.append(closes[-1] * (1.0 + dice.gauss(0.0, 0.004)))
    closes.reverse()
    return History(highs=[each * 1.001 for each in closes], lows=[each * 0.999 for each in closes], closes=closes)


SETTINGS = st.builds(
    ObFvgSettings,
    warmup_candles=st.sampled_from((0, 20)),
    max_gap_distance=st.sampled_from((0.0, 0.5, 10.0)),
    min_stop_distance=st.sampled_from((0.001, 0.02)),
    max_stop_distance=st.sampled_from((0.02, 0.03)),
    entry_score=st.sampled_from((0.0, 3.5, 4.0)),
)


def explained(enabled: Enabled, shown: MarketView) -> Explanation:
    return explain(enabled, shown, *ask(enabled, shown))


@settings(max_examples=400, deadline=None)
@given(shown=views(EVERYTHING), chosen=SETTINGS)
def test_the_gates_of_ob_fvg_that_fail_are_exactly_the_reasons_of_its_answer(
    shown: MarketView, chosen: ObFvgSettings
) -> None:
    """SIG-7: with a signal all of them pass; every one has its sentence."""
    strategy = STRATEGIES["ob_fvg"]
    answer = strategy.judge(shown, chosen)
    assert strategy.explain is not None
    gates = strategy.explain(shown, chosen)
    assert gates
    assert failed(gates) == (answer if isinstance(answer, tuple) else ())
    assert all(gate.text.endswith(".") for gate in gates)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", EXPLAINED)
def test_the_explanation_agrees_with_the_answer_of_the_core(name: str, data: st.DataObject) -> None:
    """SIG-7: also where the strategy is not asked, because a candle is missing or implausible."""
    enabled = Enabled(STRATEGIES[name], STRATEGIES[name].settings())
    shown = data.draw(views(enabled.scope).filter(lambda view: enabled.timeframe in view.closing))
    told = explained(enabled, shown)
    assert told.fault == ""
    assert failed(told.gates) == told.judgement.reasons
    assert (told.judgement.signal is not None) == (not told.judgement.reasons)


@settings(max_examples=150, deadline=None)
@given(edits=EDITS, mirrored=st.booleans())
@pytest.mark.parametrize("name", STAGES)
def test_the_gates_of_an_ict_strategy_that_fail_are_exactly_its_reasons(
    name: str, edits: list[Edit], mirrored: bool
) -> None:
    """SIG-3, SIG-7: near its own setup, where a fact is gone, moved or in another state."""
    stage = edited(STAGES[name], edits)
    enabled = Enabled(STRATEGIES[name], STRATEGIES[name].settings())
    shown = (stage.mirrored() if mirrored else stage).seen(enabled.scope)
    answer, gates = enabled.answer(shown), enabled.gates(shown)
    assert failed(gates) == (answer if isinstance(answer, tuple) else ())
    assert gates
    assert all(gate.text.endswith(".") and "  " not in gate.text for gate in gates)
    assert len({gate.name for gate in gates}) == len(gates)
    assert explained(enabled, shown).fault == ""


@pytest.mark.parametrize("name", STAGES)
def test_the_setup_itself_passes_every_gate(name: str) -> None:
    """SIG-7: the specimen: the stage on which it buys has at least six gates, and all hold."""
    enabled = Enabled(STRATEGIES[name], STRATEGIES[name].settings())
    gates = enabled.gates(STAGES[name].seen(enabled.scope))
    assert len(gates) >= 6
    assert all(gate.passed for gate in gates)


def wrong(gates: object) -> Enabled:
    """The strategy of before, with an explanation that somebody got wrong."""
    before = STRATEGIES["ob_fvg"]

    def answer(_: MarketView, __: object) -> tuple[Gate, ...]:
        if isinstance(gates, Exception):
            raise gates
        return gates  # type: ignore[return-value]  # what a plug-in may return

    strategy = Strategy(
        name="ob_fvg", about=before.about, settings=before.settings, judge=before.judge, timeframe=before.timeframe,
        reads=before.reads, explain=answer,
    )  # fmt: skip
    return Enabled(strategy, ObFvgSettings())


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ((Gate("trend", "against_structure", False),), "its gates say against_structure, which is not its answer"),
        ((Gate("trend", "against_structure", True),), "its gates say signal, which is not its answer"),
        ("because", "its explanation is 'because', no tuple of gates"),
        (KeyError("level"), "its explanation raised KeyError: 'level'"),
        ((Gate("gap", "no_fvg", False, text=None),), "its explanation is refused: ValidationError: Expected `str`"),  # type: ignore[arg-type]  # what a plug-in may do
        ((Gate(7, "no_fvg", False),), "its explanation is refused: ValidationError: Expected `str`"),  # type: ignore[arg-type]  # the same
        ((Gate("gap", "no_fvg", bool_(False)),), "its explanation is refused: TypeError: Encoding objects of type numpy"),
        ((Gate("gap", "no_fvg", False, float64(1.0)),), "its explanation is refused: TypeError: Encoding objects"),
        ((Gate("gap", "no_fvg", False, text="\ud800"),), "its explanation is refused: UnicodeEncodeError"),
        ((Gate("gap", "dream", False),), "its explanation is refused: ValidationError: Invalid enum value 'dream'"),  # type: ignore[arg-type]  # the same
    ],
)
def test_an_explanation_that_differs_from_the_answer_is_caught(gates: object, said: str) -> None:
    """The specimens: gates that lie, no gates, an error. The judgement stands, the gates are not shown."""
    enabled = wrong(gates)
    told = explained(enabled, seen(analysis(block()), enabled.scope))
    assert told.fault.startswith(said)
    assert told.gates == ()
    reasons: tuple[Reason, ...] = ("no_fvg",)
    assert told.judgement.reasons == reasons


def test_a_strategy_that_fails_is_explained_by_what_it_did() -> None:
    """SIG-8: no gates, which would speak of another answer."""

    def judge(_: MarketView, __: object) -> tuple[Reason, ...]:
        raise ZeroDivisionError("no range")

    before = STRATEGIES["ob_fvg"]
    failing = Strategy(
        name="ob_fvg", about=before.about, settings=before.settings, judge=judge, timeframe=before.timeframe,
        reads=before.reads, explain=before.explain,
    )  # fmt: skip
    enabled = Enabled(failing, ObFvgSettings())
    told = explained(enabled, seen(analysis(block()), enabled.scope))
    assert (told.judgement.reasons, told.gates) == (("strategy_failed",), ())
    assert told.fault == "it raised ZeroDivisionError: no range"
