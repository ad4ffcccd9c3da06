"""Every ICT strategy: a mirrored market gives mirrored trades at the same times, and the future changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.settings import AnalysisSettings
from services.signals.contract import Answer
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.view import MarketView
from shared.domain.candles import CandleBundle
from shared.domain.decisions import Reason, Signal
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import DURATION, TIMEFRAMES
from tests.support.runtime.telling import tell
from tests.support.signals.demo_market import SYMBOLS, analyse, analyses, candles
from tests.support.signals.ict_checks import EVEN, STAGES, answers, asymmetry, changed_by_later, made
from tests.support.signals.ict_edits import EDITS, STEP, Edit, edited
from tests.support.signals.stage import ago, fact, turned_candle


@pytest.mark.parametrize("name", STAGES)
@settings(max_examples=150, deadline=None)
@given(edits=EDITS)
def test_a_mirrored_market_gives_the_mirrored_trade_or_the_same_reasons(name: str, edits: list[Edit]) -> None:
    """SIG-3: buys and sells are one rule."""
    assert asymmetry(STRATEGIES[name], edited(STAGES[name], edits)) == ""


@pytest.mark.parametrize("name", STAGES)
@settings(max_examples=150, deadline=None)
@given(edits=EDITS)
def test_an_answer_is_sound_whatever_stands_there(name: str, edits: list[Edit]) -> None:
    """SIG-7: a signal whose stop, entry and exits are in order and rest on facts of the view, or reasons, each once."""
    stage = edited(STAGES[name], edits)
    answer = stage.ask(STRATEGIES[name])
    if isinstance(answer, Signal):
        facts = stage.facts()
        assert all(facts[each].confirmed_at <= stage.at for each in answer.rests_on)
    else:
        assert len(set(answer)) == len(answer) > 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-16, 16), st.integers(0, 16)), max_size=6))
def test_no_zone_of_a_day_that_is_left_out_changes_an_answer(zones: list[tuple[bool, bool, int, int]]) -> None:
    """DATA-3: nothing rests on a disputed candle, neither a trade nor a refusal."""
    stage = STAGES["top_down"]
    candle = msgspec.structs.replace(stage.analyses["1d"].candle, state="disputed")
    flawed = {**stage.analyses, "1d": msgspec.structs.replace(stage.analyses["1d"], candle=candle)}
    stage = replace(stage, analyses=flawed)
    more = [
        fact(
            "order_block" if block else "fvg",
            "bullish" if buys else "bearish",
            99.0 + low * STEP,
            99.0 + (low + height) * STEP,
            ago(stage.at, "1d", 3),
            id=f"day-{number}",
        )
        for number, (block, buys, low, height) in enumerate(zones)
    ]
    assert stage.plus("1d", *more).ask(STRATEGIES["top_down"]) == stage.ask(STRATEGIES["top_down"])


def crooked(view: MarketView, settings: Any) -> Answer:
    """Specimen: its buys live a millisecond longer."""
    answer = STRATEGIES["sweep_reversal"].judge(view, settings)
    if isinstance(answer, Signal) and answer.side == "BUY":
        return msgspec.structs.replace(answer, valid_until=answer.valid_until + 1)
    return answer


def long_only(view: MarketView, settings: Any) -> Answer:
    """Specimen: never sells."""
    answer = STRATEGIES["sweep_reversal"].judge(view, settings)
    return ("no_setup",) if isinstance(answer, Signal) and answer.side == "SELL" else answer


def narrow(view: MarketView, settings: Any) -> Answer:
    """Specimen: its stops of sells are nearer."""
    answer = STRATEGIES["sweep_reversal"].judge(view, settings)
    if isinstance(answer, Signal) and answer.side == "SELL":
        return msgspec.structs.replace(answer, stop=answer.stop - 0.001)
    return answer


@pytest.mark.parametrize("judge", [crooked, long_only, narrow])
def test_the_check_catches_a_strategy_that_is_not_symmetric(judge: Any) -> None:
    strategy = replace(STRATEGIES["sweep_reversal"], judge=judge)
    assert asymmetry(strategy, STAGES["sweep_reversal"]) != ""


#: A few days of the demo market, cut, and two ways in which it goes on.
DAYS, SYMBOL = 2.0, "BTCUSDT"


@cache
def market(seed: int) -> tuple[AnalysisBundle, ...]:
    """The demo market with the facts of every ICT strategy."""
    kinds = [kinds for name in STAGES for kinds in STRATEGIES[name].reads(STRATEGIES[name].settings()).values()]
    return tuple(analyses(frozenset().union(*kinds), DAYS, seed))


def cut() -> tuple[list[AnalysisBundle], list[list[AnalysisBundle]]]:
    """A past, and two futures of it."""
    at = market(7)[0].close_time + int(DAYS * 0.7 * DURATION["1d"])
    past = [each for each in market(7) if each.close_time <= at]
    return past, [[each for each in market(seed) if each.close_time > at] for seed in (7, 8)]


@pytest.mark.parametrize("name", STAGES)
def test_facts_confirmed_later_change_no_answer(name: str) -> None:
    """Invariant 1: the same past, three futures (none, its own, another's)."""
    past, futures = cut()
    assert changed_by_later(made(name), past, futures, SYMBOL) == 0


def test_the_check_catches_a_strategy_that_looks_ahead() -> None:
    """The specimen signals nothing where it knows that a later close is higher."""

    def peeking(whole: Any) -> Any:
        last = whole[-1].close_time

        def judge(view: MarketView, settings: Any) -> Answer:
            ahead = last > view.close_time + 30 * DURATION["1h"]
            return ("no_setup",) if ahead else ("no_sweep",)

        return replace(STRATEGIES["sweep_reversal"], judge=judge)

    past, futures = cut()
    assert changed_by_later(peeking, past, futures, SYMBOL) > 0


def core() -> SignalsCore:
    """The core with every ICT strategy."""
    return SignalsCore(0, SYMBOLS, TIMEFRAMES, SignalsSettings(strategies=tuple(STAGES)))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_restart_changes_no_decision_of_any_strategy(share: float) -> None:
    """Invariant 3: sweeps, hours and what was traded before are in the snapshot."""
    bundles = market(7)
    cut_at = int(share * len(bundles))
    original, successor = core(), core()
    for bundle in bundles[:cut_at]:
        tell(original, bundle)
    successor.restore(original.snapshot())
    rest = [[list(tell(each, bundle)) for bundle in bundles[cut_at:]] for each in (original, successor)]
    assert rest[0] == rest[1]


def test_a_core_that_begins_anew_decides_otherwise() -> None:
    """The specimen: without the snapshot the memory of sweeps and of what was traded is gone."""
    bundles = market(7)
    cut_at = int(0.6 * len(bundles))
    original, forgetful = core(), core()
    for bundle in bundles[:cut_at]:
        tell(original, bundle)
    rest = [[list(tell(each, bundle)) for bundle in bundles[cut_at:]] for each in (original, forgetful)]
    assert rest[0] != rest[1]


#: Every size in ATR: a percentage of price is another one in the mirror.
IN_ATR = AnalysisSettings.model_validate({"fvg": {"min_size_percent": 0.0, "min_size_atr": 0.25}})


def upside_down(bundle: CandleBundle, middles: dict[str, float]) -> CandleBundle:
    """The candles with every price turned around the middle of its symbol."""
    return msgspec.structs.replace(
        bundle, candles=tuple([turned_candle(each, middles[each.symbol]) for each in bundle.candles])
    )


@cache
def analysed(mirrored: bool) -> tuple[AnalysisBundle, ...]:
    """The demo market, or its mirror, with the facts of every ICT strategy."""
    bundles = candles()
    middles = {each.symbol: each.open for bundle in reversed(bundles) for each in bundle.candles}
    kinds = [kinds for name in STAGES for kinds in STRATEGIES[name].reads(STRATEGIES[name].settings()).values()]
    shown = [upside_down(each, middles) for each in bundles] if mirrored else bundles
    return tuple(analyse(shown, frozenset().union(*kinds), IN_ATR))


@cache
def both_ways(name: str, symbol: str) -> tuple[list[tuple[int, tuple[object, ...]]], list[tuple[int, tuple[object, ...]]]]:
    """What a strategy says of the market, and of its mirror with the sides turned back; both with closes."""
    upright, mirrored = (answers(made(name), analysed(turned), symbol, **EVEN) for turned in (False, True))
    return [(at, told(each)) for at, each in upright], [(at, told(each, -1)) for at, each in mirrored]


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", STAGES)
def test_candles_upside_down_give_the_same_trades_the_other_way_at_the_same_closes(name: str, symbol: str) -> None:
    """SIG-3: the whole chain from candles to signals."""
    upright, mirrored = both_ways(name, symbol)
    assert upright == mirrored


def test_the_market_of_the_mirror_has_trades_of_both_sides_which_the_mirror_turns() -> None:
    """The specimen: the check is not empty, and would tell sides that are not turned."""
    signals = [said for name in STAGES for symbol in SYMBOLS for _, said in both_ways(name, symbol)[0] if "signal" in said]
    assert len(signals) >= 20
    upright = answers(made("ote"), analysed(False), SYMBOL, **EVEN)
    mirrored = answers(made("ote"), analysed(True), SYMBOL, **EVEN)
    assert [told(each) for _, each in upright] != [told(each) for _, each in mirrored]


def told(answer: Signal | tuple[Reason, ...], sign: int = 1) -> tuple[object, ...]:
    """An answer without prices; the side turned by the sign."""
    if not isinstance(answer, Signal):
        return answer
    way = sign if answer.side == "BUY" else -sign
    return ("signal", way, len(answer.rests_on), [each.share for each in answer.exits], answer.score, answer.valid_until)
