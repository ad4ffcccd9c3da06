"""Questions about order flow and funding: who is in haste, how the book stands, which side pays (ICT-14)."""

from __future__ import annotations

from itertools import accumulate
from typing import Literal

from services.signals.view.data import ViewData
from services.signals.view.undeclared import UndeclaredRead
from shared.domain.candles import Candle
from shared.domain.order_flow import SettledFunding
from shared.domain.timeframes import Timeframe

#: Price made a new extreme and the takers did not go along: a new low that was bought is bullish.
Divergence = Literal["bullish", "bearish", "none"]


class FlowQueries(ViewData):
    """Delta, divergence, spread, imbalance, funding. Whatever is not known is None: no answer is guessed."""

    __slots__ = ()

    def delta(self, timeframe: Timeframe, count: int = 1) -> float | None:
        """What takers bought less what they sold in the last ``count`` candles, base currency.

        None where one of them does not tell, or fewer followed on each other. Raises UndeclaredRead, as all of these do.
        """
        deltas = self._deltas(timeframe, count)
        return None if deltas is None else sum(deltas)

    def delta_share(self, timeframe: Timeframe, count: int = 1) -> float | None:
        """The delta as a share of the volume of these candles: 1 = takers only bought, -1 = only sold; 0 without trades."""
        delta, flows = self.delta(timeframe, count), self.flows(timeframe, count)
        if delta is None or flows is None:
            return None
        volume = sum(flows.volumes)
        return max(-1.0, min(1.0, delta / volume)) if volume > 0.0 else 0.0

    def divergence(self, timeframe: Timeframe, count: int) -> Divergence | None:
        """Whether cumulative delta contradicts a new extreme of price, over the last ``count`` candles.

        ``bullish``: this close is below every other of them, and the cumulative delta is not below all it was: the new low
        was not sold. ``bearish``: the mirror. ``none``: neither; None where the delta is not known.
        """
        deltas, flows = self._deltas(timeframe, count), self.flows(timeframe, count)
        if deltas is None or flows is None:
            return None
        closes, sums = flows.closes, list(accumulate(deltas))
        if count < 2:
            return "none"
        if closes[-1] < min(closes[:-1]) and sums[-1] > min(sums[:-1]):
            return "bullish"
        if closes[-1] > max(closes[:-1]) and sums[-1] < max(sums[:-1]):
            return "bearish"
        return "none"

    def spread(self, timeframe: Timeframe) -> float | None:
        """The mean spread of the candle that closes now, fraction of the price; None where it was not measured."""
        candle = self._flowing(timeframe)
        return None if candle is None or candle.flow is None else candle.flow.spread

    def imbalance(self, timeframe: Timeframe) -> float | None:
        """The mean imbalance of the book in the candle that closes now: 1 = only bids, -1 = asks; None = not measured."""
        candle = self._flowing(timeframe)
        return None if candle is None or candle.flow is None else candle.flow.imbalance

    def funding(self) -> SettledFunding | None:
        """The funding that was settled last before this close; None where it is not known."""
        try:
            self._scope.settled()
        except UndeclaredRead as error:
            self._note(error)
            raise
        for frame in self._scope.reads:
            analysis = self._analyses.get(frame)
            if analysis is not None and analysis.candle.close_time == self.close_time:
                return analysis.candle.funding
        return None

    def _flowing(self, timeframe: Timeframe) -> Candle | None:
        self._flow_declared(timeframe, 1)
        analysis = self._analyses.get(timeframe)
        return analysis.candle if analysis is not None and analysis.candle.close_time == self.close_time else None

    def _deltas(self, timeframe: Timeframe, count: int) -> list[float] | None:
        """Bought less sold of each candle, oldest first; None where one of them does not tell."""
        flows = self.flows(timeframe, count)
        if flows is None:
            return None
        known = [bought for bought in flows.bought if bought is not None]
        if len(known) < count:
            return None
        return [2.0 * bought - volume for bought, volume in zip(known, flows.volumes, strict=True)]
