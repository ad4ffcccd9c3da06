"""Data accuracy: what was published, compared with what the exchange says it closed (DATA-8)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from shared.domain.bounded import forget_oldest
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.timeframes import MINUTE
from shared.exchange.model.market_data import Kline


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A candle that was published otherwise than the exchange has it, or not at all (``published`` None)."""

    symbol: str
    open_time: int
    published: RawCandle | None
    exchange: Kline


class Audit:
    """One partition. Counts every published minute once; remembers the last ``remembered`` of them for the comparison."""

    def __init__(self, symbols: Sequence[str], remembered: int) -> None:
        self._symbols = tuple(symbols)
        self._remembered = remembered
        self._steps: OrderedDict[int, dict[str, RawCandle]] = OrderedDict()
        self._checked: dict[str, int] = dict.fromkeys(symbols, -1)
        self.expected = 0
        self.published = 0
        self.wrong = 0

    @property
    def accuracy(self) -> float:
        """Share of the exchange's closed candles that were published and right; 1 before the first."""
        return (self.published - self.wrong) / self.expected if self.expected else 1.0

    def left(self, step: FeedStep) -> None:
        """A step has left: every symbol was expected in it."""
        self.expected += len(self._symbols)
        self.published += len(step.candles)
        self._steps[step.close_time - MINUTE] = {candle.symbol: candle for candle in step.candles}
        forget_oldest(self._steps, self._remembered)

    def span(self, symbol: str) -> tuple[int, int] | None:
        """First and last remembered minute (open times) of the symbol that was not compared yet; None when there is none."""
        unchecked = [at for at in self._steps if at > self._checked[symbol]]
        return (unchecked[0], unchecked[-1]) if unchecked else None

    def compare(self, symbol: str, first: int, last: int, klines: Sequence[Kline]) -> list[Difference]:
        """The exchange's own candles of that span against ours. A minute is compared once."""
        differences = []
        for kline in klines:
            at = kline.open_time
            step = self._steps.get(at)
            if step is None or not first <= at <= last or at <= self._checked[symbol] or not kline.closed:
                continue
            ours = step.get(symbol)
            if ours is None or not _same(ours, kline):
                differences.append(Difference(symbol=symbol, open_time=at, published=ours, exchange=kline))
                self.wrong += ours is not None  # one that is missing already counts against us as not published
        self._checked[symbol] = max(self._checked[symbol], last)
        return differences


def _same(ours: RawCandle, kline: Kline) -> bool:
    return (ours.open, ours.high, ours.low, ours.close, ours.volume) == (
        kline.open,
        kline.high,
        kline.low,
        kline.close,
        kline.volume,
    )
