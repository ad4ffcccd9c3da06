"""What the core keeps of one symbol between closes, all of it bounded."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from services.signals.view.history import FlowHistory, History
from shared.domain.facts import Analysis, Fact, FactKind
from shared.domain.timeframes import Timeframe

#: Kinds that are told once, at one close, and stand in no later ``Analysis.active``: what happened, and windows of time that
#: have opened. A strategy that asks "swept since the kill zone opened?" needs those of earlier closes.
MOMENTS: Final[frozenset[FactKind]] = frozenset(
    {
        "sweep", "displacement", "failed_break", "turtle_soup", "judas_swing",
        "kill_zone", "silver_bullet", "macro", "session", "quiet_hours",
    }
)  # fmt: skip


class SymbolMemory(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the core keeps of one symbol.

    analyses: the newest of each timeframe; candles: how many of each were seen. moments: by timeframe and kind, the newest
    facts that no later analysis holds, oldest first. used: by strategy, ids of facts that gave it a signal, oldest first.
    history: the prices of the timeframes that strategies look back on. flows: the order flow of those that they read.
    """

    analyses: dict[Timeframe, Analysis] = msgspec.field(default_factory=dict)
    candles: dict[Timeframe, int] = msgspec.field(default_factory=dict)
    moments: dict[Timeframe, dict[FactKind, list[Fact]]] = msgspec.field(default_factory=dict)
    used: dict[str, list[str]] = msgspec.field(default_factory=dict)
    history: dict[Timeframe, History] = msgspec.field(default_factory=dict)
    flows: dict[Timeframe, FlowHistory] = msgspec.field(default_factory=dict)

    def absorb(
        self, analysis: Analysis, kept: Collection[FactKind] = frozenset(), limit: int = 16, bars: int = 0, flows: int = 0
    ) -> None:
        """Keep it if it is newer than what is known of its timeframe; anything else is a repeat.

        kept: the kinds of ``MOMENTS`` that strategies read on this timeframe; of each, the newest ``limit`` facts are kept.
        bars, flows: how many candles of this timeframe's prices and of its order flow are kept.
        """
        timeframe = analysis.timeframe
        known = self.analyses.get(timeframe)
        if known is not None and analysis.candle.open_time <= known.candle.open_time:
            return
        self.analyses[timeframe] = analysis
        self.candles[timeframe] = self.candles.get(timeframe, 0) + 1
        if bars:
            self.history.setdefault(timeframe, History()).take(analysis.candle, bars)
        if flows:
            self.flows.setdefault(timeframe, FlowHistory()).take(analysis.candle, flows)
        if not kept:
            return
        for fact in analysis.events:
            if fact.kind in kept and fact.changed_at == fact.confirmed_at:
                facts = self.moments.setdefault(timeframe, {}).setdefault(fact.kind, [])
                facts.append(fact)
                del facts[:-limit]

    def use(self, strategy: str, fact_ids: Collection[str], limit: int) -> None:
        """Remember that these facts gave this strategy a signal; its oldest beyond ``limit`` are forgotten."""
        used = self.used.setdefault(strategy, [])
        used += [fact_id for fact_id in fact_ids if fact_id not in used]
        del used[:-limit]
