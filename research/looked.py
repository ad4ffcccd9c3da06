"""Looks at detectors, strategies or backtests with few cuts, each where a leak would show (BT-5)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from research.cuts import telling_cuts
from research.lookahead import Leak, Statement, cuts_of, difference, scrambled
from shared.domain.candles import Candle

Given = TypeVar("Given")
_Told = TypeVar("_Told", covariant=True)


class Cuttable(Protocol[_Told]):
    """Candles that can be cut off. Each answer is in memory of its own: nobody reaches behind it, or spoils another."""

    @property
    def closes(self) -> Sequence[int]:
        """Close time of each candle, UTC ms."""
        ...

    def until(self, cut: int) -> _Told:
        """The first ``cut`` candles."""
        ...

    def otherwise(self, cut: int, draw: random.Random) -> _Told:
        """All candles, those from ``cut`` on in another order, on the same times."""
        ...


class CuttableCandles:
    """Candles of one symbol and timeframe."""

    def __init__(self, candles: Sequence[Candle]) -> None:
        self._candles = candles

    @property
    def closes(self) -> Sequence[int]:
        """See the port."""
        return [each.close_time for each in self._candles]

    def until(self, cut: int) -> list[Candle]:
        """See the port."""
        return list(self._candles[:cut])

    def otherwise(self, cut: int, draw: random.Random) -> list[Candle]:
        """See the port."""
        return scrambled(self._candles, cut, draw)


class Looked(Generic[Given]):
    """One look. ``leaks`` gives what was found, cut by cut; ``cuts`` and ``said`` are known once it began.

    cuts: numbers of candles behind which the rest was cut off. said: how many statements were judged.
    """

    def __init__(
        self, replay: Callable[[Given], Sequence[Statement]], market: Cuttable[Given], number: int, seed: int
    ) -> None:
        """``number``: cuts at random places, and as many where something was said. ``seed``: of cuts and futures."""
        self._replay = replay
        self._market = market
        self._number = number
        self._seed = seed
        self.cuts: list[int] = []
        self.said = 0

    def leaks(self) -> Iterator[list[Leak]]:
        """Yield, for every cut, what both checks found there: nothing, one leak or two.

        The random prefixes are played before the whole: what keeps a table of all candles cannot have it by then.
        """
        draw = random.Random(self._seed)  # noqa: S311  futures must be repeatable, not secret
        replay, market, closes = self._replay, self._market, self._market.closes
        early = {cut: replay(market.until(cut)) for cut in cuts_of(len(closes), self._number, self._seed)}
        full = replay(market.until(len(closes)))
        self.said = len(full)
        self.cuts = telling_cuts(closes, {each.known_at for each in full}, self._number, self._seed)
        for cut in self.cuts:
            end = closes[cut - 1]
            then = early[cut] if cut in early else replay(market.until(cut))
            other = [each for each in replay(market.otherwise(cut, draw)) if each.known_at <= end]
            found = (difference("prefix", then, full, cut, end), difference("scramble", other, full, cut, end))
            yield [leak for leak in found if leak is not None]
