"""Timeframes that a strategy can do without: left out while flawed, told to the reader, and never required by accident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cli.explain.showing import Said, as_json
from services.signals import judging
from services.signals.contract import Enabled
from services.signals.core import SignalsCore
from services.signals.explaining import explain
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.top_down import STRATEGY
from services.signals.view import MarketView, SymbolMemory
from services.signals.view.memory import MOMENTS
from services.signals.view.scope import Scope
from shared.domain.decisions import Signal
from shared.domain.facts import FactKind
from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe, closing_at
from tests.support.runtime.telling import tell
from tests.support.signals.ict_stages import TOP_DOWN
from tests.support.signals.scenes import DAWN, analysis, bundles_of, candle
from tests.support.signals.stage import Stage, ago, fact

AT = TOP_DOWN.at
AGAINST = fact("order_block", "bearish", 99.0, 101.0, ago(AT, "1d", 3), id="against")


def spoiled(stage: Stage, frame: Timeframe, how: str) -> Stage:
    """The newest candle of a timeframe is disputed, or is that of one candle earlier."""
    known = stage.analyses[frame]
    earlier = known.candle.open_time - DURATION[frame]
    changes: dict[str, Any] = {"state": "disputed"} if how == "disputed" else {"open_time": earlier}
    wrong = msgspec.structs.replace(known, candle=msgspec.structs.replace(known.candle, **changes))
    return replace(stage, analyses={**stage.analyses, frame: wrong})


@pytest.mark.parametrize("how", ["missing", "disputed"])
def test_a_spoiled_day_leaves_out_its_zones_and_the_signal_says_so(how: str) -> None:
    """SIG-1, DATA-3: one lost minute costs the zones of 1d, not a day of trades."""
    sound = TOP_DOWN.plus("1d", AGAINST)
    assert sound.ask(STRATEGY) == ("zone_overruled",)
    signal = spoiled(sound, "1d", how).ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert "Without 1d: the newest candle is flawed." in signal.why
    usual = TOP_DOWN.ask(STRATEGY)
    assert isinstance(usual, Signal)
    assert (signal.stop, signal.exits, signal.score, signal.rests_on) == (
        usual.stop,
        usual.exits,
        usual.score,
        usual.rests_on,
    )
    assert "Without" not in usual.why


@pytest.mark.parametrize("how", ["missing", "disputed"])
@pytest.mark.parametrize("frame", ["5m", "15m", "30m", "1h", "4h"])
def test_all_else_that_it_reads_is_required(frame: Timeframe, how: str) -> None:
    """SIG-1, DATA-3: nothing rests on a missing or disputed candle."""
    assert spoiled(TOP_DOWN, frame, how).ask(STRATEGY) == (f"data_{how}",)


def test_a_bias_of_a_day_is_required() -> None:
    """SIG-1: what is optional follows the settings."""
    enabled = Enabled(STRATEGY, STRATEGY.settings(bias_timeframe="1d"))
    assert enabled.scope.optional == ("4h",)
    assert Enabled(STRATEGY, STRATEGY.settings()).scope.optional == ("1d",)


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"top_down"}))
def test_of_every_other_strategy_all_that_it_reads_is_required(name: str) -> None:
    """SIG-1: required unless declared."""
    strategy = STRATEGIES[name]
    enabled = Enabled(strategy, strategy.settings())
    assert (enabled.scope.optional, set(enabled.scope.required)) == ((), set(enabled.scope.reads))


READS: dict[Timeframe, frozenset[FactKind]] = {"15m": frozenset({"fvg"}), "1h": frozenset({"fvg", "sweep", "order_block"})}


@pytest.mark.parametrize("state", ["closed", "disputed"])
def test_a_timeframe_that_is_left_out_is_nowhere_in_the_view(state: str) -> None:
    """SIG-1: not by facts, moments, zones, history, the analysis itself, nor by a fact's id."""
    scope = Scope(READS, (), {"1h": 1}, optional=("1h",))
    block, gap, sweep = (fact(kind, "bullish", 100.0, 101.0, DAWN, id=kind) for kind in ("order_block", "fvg", "sweep"))
    hour = msgspec.structs.replace(analysis(block, gap, of=candle(DAWN, "1h", state=state)), events=(sweep,))
    memory = SymbolMemory()
    memory.absorb(analysis(of=candle(DAWN, "15m")))
    memory.absorb(hour, MOMENTS, 16, 1)
    if state == "disputed":  # candles of before, as if only the newest were flawed
        memory.history["1h"].closes, memory.history["1h"].highs, memory.history["1h"].lows = [1.0], [1.0], [1.0]
    view = MarketView(
        "BTCUSDT", DAWN, closing_at(DAWN), memory.analyses, memory.candles, scope=scope, moments=memory.moments,
        history=memory.history,
    )  # fmt: skip
    seen = [
        view.facts("order_block", "1h"),
        view.moments("sweep", "1h"),
        view.zones(),
        view.nearest("fvg", "bullish", 102.0, "15m"),
        view.history("1h", 1),
        view.newest("1h"),
        view.at_close("1h"),
        view.find("order_block"),
        view.find("sweep"),
    ]
    assert view.unfit() == ()
    assert view.left_out == (("1h",) if state == "disputed" else ())
    assert [bool(each) for each in seen] == [state == "closed"] * len(seen)
    assert view.trend("1h") == ("up" if state == "closed" else "none")


@pytest.mark.parametrize("wrong", ["15m", "4h"])
def test_only_what_is_read_beside_the_own_candles_can_be_optional(wrong: Timeframe) -> None:
    strategy = replace(STRATEGIES["ob_fvg"], optional=lambda settings: (wrong,))
    with pytest.raises(ValueError, match=f"strategy ob_fvg declares {wrong} optional: only what it reads"):
        Enabled(strategy, strategy.settings())


def test_an_explanation_names_what_was_left_out() -> None:
    """SIG-7: also where there is no signal to say it."""
    enabled = Enabled(STRATEGY, STRATEGY.settings())
    stage = spoiled(TOP_DOWN.trend("4h", "none"), "1d", "disputed")
    view = MarketView(
        "BTCUSDT", AT, closing_at(AT), stage.analyses, dict.fromkeys(stage.analyses, 1_000), scope=enabled.scope
    )  # fmt: skip
    told = explain(enabled, view, *judging.ask(enabled, view))
    assert (told.judgement.reasons, told.left_out) == (("no_bias",), ("1d",))
    assert as_json(Said(told, None))["left_out"] == ("1d",)


def test_a_core_judges_again_at_the_next_close_after_a_day_that_was_never_closed() -> None:
    """DATA-3: the 1d candle of dawn is disputed; the strategy is asked at every 5m close of the day nonetheless."""
    core = SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SignalsSettings(strategies=("top_down",)))
    reasons = []
    for at in (DAWN, DAWN + DURATION["5m"]):
        for each in bundles_of(at):
            if each.timeframe == "1d":
                flawed = analysis(of=candle(at, "1d", state="disputed"))
                each = msgspec.structs.replace(each, analyses=(flawed,))
            reasons += [decision.why_not for out in tell(core, each) for decision in getattr(out, "decisions", ())]
    assert reasons == [("warming_up",), ("warming_up",)]
