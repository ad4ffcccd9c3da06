"""What a strategy may look at: the newest analysis of each timeframe of one symbol, as known at one close (SIG-1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from shared.domain.facts import Analysis
from shared.domain.timeframes import Timeframe


class SymbolMemory(msgspec.Struct, kw_only=True):
    """What the core keeps of one symbol. ``used``: ids of facts that gave a signal, oldest first, bounded."""

    analyses: dict[Timeframe, Analysis] = msgspec.field(default_factory=dict)
    candles: dict[Timeframe, int] = msgspec.field(default_factory=dict)
    used: list[str] = msgspec.field(default_factory=list)

    def absorb(self, analysis: Analysis) -> None:
        """Keep it if it is newer than what is known of its timeframe; anything else is a repeat."""
        known = self.analyses.get(analysis.timeframe)
        if known is None or analysis.candle.open_time > known.candle.open_time:
            self.analyses[analysis.timeframe] = analysis
            self.candles[analysis.timeframe] = self.candles.get(analysis.timeframe, 0) + 1

    def use(self, fact_ids: Collection[str], limit: int) -> None:
        """Remember that these facts gave a signal; the oldest beyond ``limit`` are forgotten."""
        self.used += [fact_id for fact_id in fact_ids if fact_id not in self.used]
        del self.used[:-limit]


@dataclass(frozen=True, slots=True)
class MarketView:
    """One symbol at the close ``close_time``. Nothing in it is younger than that close.

    ``closing``: the timeframes that close now; one of them without an analysis of *this* close is missing, and no entry
    may rest on it (DATA-3). ``candles``: how many analyses of each timeframe were seen. ``used``: facts that gave a signal.
    """

    symbol: str
    close_time: int
    closing: tuple[Timeframe, ...]
    analyses: Mapping[Timeframe, Analysis]
    candles: Mapping[Timeframe, int]
    used: Collection[str] = ()

    def at_close(self, timeframe: Timeframe) -> Analysis | None:
        """The analysis of the candle that closes now; None when it is missing."""
        analysis = self.analyses.get(timeframe)
        return analysis if analysis is not None and analysis.candle.close_time == self.close_time else None

    @property
    def missing(self) -> tuple[Timeframe, ...]:
        """The timeframes that close now and have no analysis of this close."""
        return tuple(timeframe for timeframe in self.closing if self.at_close(timeframe) is None)

    @property
    def disputed(self) -> tuple[Timeframe, ...]:
        """The timeframes whose newest candle is implausible."""
        return tuple(timeframe for timeframe, analysis in self.analyses.items() if analysis.candle.state == "disputed")
