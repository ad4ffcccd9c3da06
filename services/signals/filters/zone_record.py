"""The record of one symbol's kill zones: what the signals of each came to on candles, kept in bounded memory (ICT-11)."""

from __future__ import annotations

from typing import Final

import msgspec

from services.signals.filters.hypothetical import Hypothetical
from shared.domain.candles import Candle
from shared.domain.decisions import Signal
from shared.domain.zone_counts import ZoneCount, shrunk_rate

#: Most zones that are remembered, those of timetables of before included; the oldest is forgotten first.
MOST_ZONES: Final = 64
#: Most trades that are followed at once: one a strategy, as many as there can be strategies.
MOST_OPEN: Final = 64


class ZoneRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is kept of one symbol. open: the trade that is followed of each strategy. overall: of all zones together.

    While a strategy's trade is followed its further signals are not: they are mostly the same trade again.
    """

    open: dict[str, Hypothetical] = msgspec.field(default_factory=dict)
    zones: dict[str, ZoneCount] = msgspec.field(default_factory=dict)
    overall: ZoneCount = msgspec.field(default_factory=ZoneCount)

    def follow(self, signal: Signal, zones: tuple[str, ...], follow_ms: int) -> None:
        """Begin to follow a signal, given at a close in these zones."""
        if signal.strategy not in self.open and len(self.open) < MOST_OPEN:
            self.open[signal.strategy] = Hypothetical.of(signal, zones, follow_ms)

    def absorb(self, candle: Candle, memory: float) -> None:
        """Take a closed 1m candle: what it ends is counted from now on. memory: see ``ZoneCount.add``."""
        for strategy, trade in list(self.open.items()):
            outcome = trade.take(candle)
            if outcome == "open":
                continue
            del self.open[strategy]
            if outcome == "uncounted":
                continue
            self.overall.add(won=outcome == "won", memory=memory)
            for zone in trade.zones:
                self.zones.setdefault(zone, ZoneCount()).add(won=outcome == "won", memory=memory)
            while len(self.zones) > MOST_ZONES:
                del self.zones[next(iter(self.zones))]

    def factor(self, zone: str, *, min_sample: int, shrinkage: float, max_factor: float) -> float:
        """How many times the usual points this zone asks for: the overall win rate over its own, within bounds.

        1 while it has fewer than ``min_sample`` trades. Its own rate is drawn towards the overall one by ``shrinkage``.
        """
        count = self.zones.get(zone)
        if count is None or count.trades < min_sample or self.overall.win_rate == 0.0:
            return 1.0
        own = shrunk_rate(count, self.overall, shrinkage)
        wanted = self.overall.win_rate / own if own > 0.0 else max_factor
        return min(max_factor, max(1.0 / max_factor, wanted))
