"""The strategies by name. One file a strategy; a strategy is a pure function of the market view (SIG-1, SIG-3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.signals.settings import SignalsSettings, StrategyName
from services.signals.strategies import every_close, ob_fvg
from services.signals.view import MarketView
from shared.domain.decisions import Reason, Signal
from shared.domain.facts import FactKind
from shared.domain.timeframes import FINEST, Timeframe

#: A strategy's word: a signal, or every reason why not (never empty).
Judgement = Signal | tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """``timeframe``: at whose closes it judges. ``reads``: the kinds of facts that it looks at; no other has to be in the
    analyses. ``drill``: trades without a reason; refused outside sim mode."""

    judge: Callable[[MarketView, SignalsSettings], Judgement]
    timeframe: Callable[[SignalsSettings], Timeframe]
    reads: frozenset[FactKind]
    drill: bool = False


STRATEGIES: Final[dict[StrategyName, Strategy]] = {
    "ob_fvg": Strategy(
        judge=lambda view, settings: ob_fvg.judge(view, settings.ob_fvg),
        timeframe=lambda settings: settings.ob_fvg.timeframe,
        reads=ob_fvg.READS,
    ),
    "every_close": Strategy(
        judge=lambda view, settings: every_close.judge(view, settings.every_close),
        timeframe=lambda settings: FINEST,
        reads=frozenset(),
        drill=True,
    ),
}


def reads(settings: SignalsSettings) -> frozenset[FactKind]:
    """The kinds of facts that the enabled strategies look at, paused ones included: a pause may end at any close."""
    return frozenset().union(*(STRATEGIES[name].reads for name in settings.strategies))
