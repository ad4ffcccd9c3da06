"""What one strategy declares to read, and the check that it asks for nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from services.signals.view.history import MOST_BARS
from services.signals.view.undeclared import UndeclaredRead
from shared.domain.facts import ALL_KINDS, FactKind
from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe


class Scope:
    """The kinds of facts by timeframe, the other symbols and the history that a strategy reads; made once a strategy.

    symbols: None = any. history: by timeframe, how many candles it looks back.
    """

    __slots__ = ("_frames", "history", "reads", "symbols")

    def __init__(
        self,
        reads: Mapping[Timeframe, frozenset[FactKind]],
        symbols: Collection[str] | None = (),
        history: Mapping[Timeframe, int] = MappingProxyType({}),
    ) -> None:
        self.history: Final = dict(history)
        self.reads: Final = {frame: reads[frame] for frame in sorted(reads, key=DURATION.__getitem__)}
        self.symbols: Final = symbols
        self._frames: dict[tuple[FactKind, Timeframe, bool], tuple[Timeframe, ...]] = {}

    def kinds(self, timeframe: Timeframe) -> frozenset[FactKind]:
        """The kinds that it reads on this timeframe. Raises UndeclaredRead for a timeframe that it does not read."""
        kinds = self.reads.get(timeframe)
        if kinds is None:
            raise UndeclaredRead(f"timeframe {timeframe}; it declares {', '.join(self.reads)}")
        return kinds

    def bars(self, timeframe: Timeframe, count: int) -> None:
        """Raise UndeclaredRead when it declares to look back less than ``count`` candles of this timeframe."""
        if count > self.history.get(timeframe, 0):
            raise UndeclaredRead(f"{count} candles of {timeframe}; it declares {self.history.get(timeframe, 0)}")

    def frames(self, kind: FactKind, timeframe: Timeframe, or_higher: bool) -> tuple[Timeframe, ...]:
        """Where it reads this kind: on ``timeframe`` and, with ``or_higher``, on longer ones; longest first.

        Raises UndeclaredRead when it reads the kind on none of them.
        """
        asked = (kind, timeframe, or_higher)
        found = self._frames.get(asked)
        if found is None:
            found = self._frames[asked] = self._find(kind, timeframe, or_higher)
        return found

    def _find(self, kind: FactKind, timeframe: Timeframe, or_higher: bool) -> tuple[Timeframe, ...]:
        shortest = DURATION[timeframe]
        found = [
            frame
            for frame, kinds in self.reads.items()
            if kind in kinds and (frame == timeframe or (or_higher and DURATION[frame] > shortest))
        ]
        if not found:
            raise UndeclaredRead(f"{kind} on {timeframe}{' or higher' if or_higher else ''}")
        return tuple(reversed(found))


#: Of a view that is made by hand: everything may be asked for.
EVERYTHING: Final = Scope(dict.fromkeys(TIMEFRAMES, ALL_KINDS), None, dict.fromkeys(TIMEFRAMES, MOST_BARS))
