"""What a backtest's candles tell beside their prices, in columns: order flow, and the funding that was settled last.

Kept only where somebody reads it: ten years of minutes are 80 MB more with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.signals.filters import FILTERS
from services.signals.settings import SignalsSettings
from shared.domain.candles import RawCandle
from shared.domain.order_flow import LONGEST_FUNDING_MINUTES, CandleFlow, SettledFunding, known_at
from shared.domain.timeframes import FINEST, MINUTE

#: Rows of a symbol's flow: what takers bought of the volume, base currency, and the number of trades; NaN = not known.
BOUGHT, TRADES = range(2)
#: Numbers of trades are whole below it, in float64 too.
MOST_TRADES: Final = 2.0**53
#: How long before a close a settlement can be the last that its candle knows, ms.
REACH: Final = LONGEST_FUNDING_MINUTES * MINUTE


class Reads(NamedTuple):
    """What of it somebody reads."""

    flow: bool = False
    funding: bool = False


#: Nothing but prices and volumes.
PRICES: Final = Reads()
#: Everything that there is.
ALL: Final = Reads(flow=True, funding=True)


def reads_of(signals: SignalsSettings) -> Reads:
    """What the strategies and the filters of these settings read."""
    enabled = signals.enabled()
    filtered = any(
        FILTERS[name].flow(own, each.timeframe)
        for each in enabled
        for name, own in signals.filters.sections().items()
        if name in FILTERS and own.applies_to(each.name)
    )
    return Reads(
        flow=filtered or any(each.scope.flow for each in enabled), funding=any(each.scope.funding for each in enabled)
    )


def reads_minutes(signals: SignalsSettings) -> bool:
    """Whether a strategy or a filter reads 1m candles, or their facts."""
    enabled, filters = signals.enabled(), signals.filters
    if filters.sensitivity.enabled or any(FINEST in each.scope.reads for each in enabled):
        return True
    for each in enabled:
        for name, found in FILTERS.items():
            own = filters.of(name)
            looked = (found.reads(own, each.timeframe), found.history(own, each.timeframe), found.flow(own, each.timeframe))
            if own.applies_to(each.name) and any(frames.get(FINEST) for frames in looked):
                return True
    return False


class Settled(NamedTuple):
    """Settlements of one symbol in order. times: UTC ms, the minutes in which they fell; rates: fractions."""

    times: NDArray[np.int64]
    rates: NDArray[np.float64]

    def known(self, close_time: int) -> SettledFunding | None:
        """The last settlement that a candle knows which closes at ``close_time`` (UTC ms)."""
        place = int(np.searchsorted(self.times, close_time)) - 1
        return known_at(close_time, float(self.rates[place]), int(self.times[place])) if place >= 0 else None

    def between(self, first: int, last: int) -> Settled:
        """Those that a candle may know which closes from ``first`` to ``last``, UTC ms."""
        begin, end = np.searchsorted(self.times, (first - REACH, last))
        return Settled(self.times[begin:end], self.rates[begin:end])


def settled_of(found: Iterable[tuple[int, float]]) -> Settled:
    """Settlements (UTC ms, fraction) in any order as columns; of two of one time the later one counts."""
    rates = dict(found)
    times = sorted(rates)
    return Settled(np.array(times, dtype=np.int64), np.array([rates[each] for each in times], dtype=np.float64))


def sound(volume: NDArray[np.float64], flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """Flow, shape (2, rows), without the rows that ingest would publish without it: see ``is_sound_flow``."""
    bought, trades = flow
    with np.errstate(invalid="ignore"):
        good = (np.isnan(bought) | ((bought >= 0.0) & (bought <= volume))) & (
            np.isnan(trades) | ((trades >= 0.0) & (trades < MOST_TRADES))
        )
    return np.where(good, flow, np.nan)


def told_flow(candles: Iterable[RawCandle]) -> NDArray[np.float64]:
    """The flow of candles, shape (2, candles)."""
    nothing = CandleFlow()
    flows = [each.flow or nothing for each in candles]
    return np.array([[each.taker_bought for each in flows], [each.trades for each in flows]], dtype=np.float64)


def flow_of(bought: float, trades: float) -> CandleFlow | None:
    """One candle's flow; None where nothing is known. NaN is not equal to itself."""
    if bought != bought and trades != trades:
        return None
    return CandleFlow(
        taker_bought=bought if bought == bought else None, trades=int(trades) if trades == trades else None
    )  # fmt: skip
