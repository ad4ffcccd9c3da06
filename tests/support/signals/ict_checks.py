"""Checks that hold for every ICT strategy: mirror symmetry, and that nothing after a close changes what was said at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from services.signals import judging
from services.signals.contract import Enabled, Strategy
from services.signals.strategies import STRATEGIES
from services.signals.view import MarketView, SymbolMemory
from services.signals.view.memory import MOMENTS
from shared.domain.decisions import LimitEntry, Reason, Signal
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import TIMEFRAMES, closing_at
from tests.support.signals import ict_stages
from tests.support.signals.stage import MIDDLE, Stage

#: The stage on which each of them buys.
STAGES: Final[dict[str, Stage]] = {
    "ob_fvg": ict_stages.OB_FVG,
    "top_down": ict_stages.TOP_DOWN,
    "sweep_reversal": ict_stages.SWEEP_REVERSAL,
    "silver_bullet": ict_stages.SILVER_BULLET,
    "ote": ict_stages.OTE,
    "breaker_retest": ict_stages.BREAKER_RETEST,
    "judas": ict_stages.JUDAS,
}
#: Stops as good as at the price that they rest on: a fraction of a price is another one in the mirror.
EVEN: Final[dict[str, Any]] = {"stop_buffer": 1e-13, "min_stop_distance": 1e-9, "max_stop_distance": 0.4}
_OTHER_SIDE: Final = {"BUY": "SELL", "SELL": "BUY"}


def asymmetry(strategy: Strategy[Any], stage: Stage) -> str:
    """What a strategy says otherwise of a mirrored stage; empty when it says the mirrored thing."""
    upright, turned = stage.ask(strategy, **EVEN), stage.mirrored().ask(strategy, **EVEN)
    if not (isinstance(upright, Signal) and isinstance(turned, Signal)):
        return "" if upright == turned else f"{upright} is {turned} in the mirror"
    prices = [(one.entry.price, one.stop, *_void(one), *(each.price for each in one.exits)) for one in (upright, turned)]
    if len(prices[0]) != len(prices[1]) or any(
        abs(one - (2 * MIDDLE - other)) > 1e-9 for one, other in zip(*prices, strict=True)
    ):
        return f"prices {prices[0]} are {prices[1]} in the mirror"
    said = [_of_time(each) for each in (upright, turned)]
    if said[0] != said[1] or upright.side != _OTHER_SIDE[turned.side]:
        return f"{upright.side} {said[0]} is {turned.side} {said[1]} in the mirror"
    return ""


def _void(signal: Signal) -> tuple[float, ...]:
    """Where price voids the entry; empty for one that no price voids."""
    void_at = signal.entry.void_at if isinstance(signal.entry, LimitEntry) else None
    return () if void_at is None else (void_at,)


def _of_time(signal: Signal) -> tuple[object, ...]:
    """What the mirror does not turn."""
    rests = signal.entry.rests_until if isinstance(signal.entry, LimitEntry) else None
    shares = [each.share for each in signal.exits]
    return (rests, shares, signal.break_even_after, signal.valid_until, signal.close_by, signal.score, signal.rests_on)


#: Makes a strategy to be checked on a market; the specimen looks into it.
Make = Callable[[Sequence[AnalysisBundle]], Strategy[Any]]


def made(name: str) -> Make:
    """A strategy of ours, which knows nothing of the market but its view."""
    return lambda market: STRATEGIES[name]


def answers(
    make: Make, bundles: Sequence[AnalysisBundle], symbol: str, **settings: Any
) -> list[tuple[int, Signal | tuple[Reason, ...]]]:
    """What a strategy says at each close of a market (bundles in order of time), as (close, answer)."""
    strategy = make(bundles)
    enabled = Enabled(strategy, strategy.settings.model_validate(settings))
    kept = {frame: kinds & MOMENTS for frame, kinds in enabled.scope.reads.items()}
    memory = SymbolMemory()
    said: list[tuple[int, Signal | tuple[Reason, ...]]] = []
    for close, closing in groupby(bundles, key=lambda bundle: bundle.close_time):
        for bundle in closing:
            for analysis in bundle.analyses:
                if analysis.symbol == symbol:
                    memory.absorb(analysis, kept.get(analysis.timeframe, frozenset()))
        frames = closing_at(close, TIMEFRAMES)
        if enabled.timeframe not in frames:
            continue
        used = memory.used.get(strategy.name, ())
        view = MarketView(
            symbol, close, frames, memory.analyses, memory.candles, used, scope=enabled.scope, moments=memory.moments
        )
        judgement, fault = judging.ask(enabled, view)
        assert fault is None, fault
        if judgement.signal is not None:
            memory.use(strategy.name, judgement.signal.rests_on, 256)
        said.append((close, judgement.signal or judgement.reasons))
    return said


def changed_by_later(
    make: Make, past: Sequence[AnalysisBundle], futures: Iterable[Sequence[AnalysisBundle]], symbol: str
) -> int:
    """How many answers of a past differ when another future follows it; 0 for a causal strategy."""
    alone = answers(make, past, symbol)
    changed = 0
    for future in futures:
        longer = answers(make, [*past, *future], symbol)[: len(alone)]
        changed += sum(one != other for one, other in zip(alone, longer, strict=True))
    return changed
