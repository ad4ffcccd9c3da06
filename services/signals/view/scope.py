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

    symbols: None = any. history, flow: by timeframe, how many candles of prices and of order flow it looks back.
    optional: the timeframes that it can do without; it does not judge without the other ones, ``required``. funding: it
    reads the funding that was settled last.
    """

    __slots__ = ("_frames", "_zones", "flow", "funding", "history", "optional", "reads", "required", "symbols")

    def __init__(
        self,
        reads: Mapping[Timeframe, frozenset[FactKind]],
        symbols: Collection[str] | None = (),
        history: Mapping[Timeframe, int] = MappingProxyType({}),
        flow: Mapping[Timeframe, int] = MappingProxyType({}),
        optional: Collection[Timeframe] = (),
        *,
        funding: bool = False,
    ) -> None:
        self.history: Final = dict(history)
        self.flow: Final = dict(flow)
        self.funding: Final = funding
        self.reads: Final = {frame: reads[frame] for frame in sorted(reads, key=DURATION.__getitem__)}
        self.symbols: Final = symbols
        self.optional: Final = tuple(frame for frame in self.reads if frame in optional)
        self.required: Final = tuple(frame for frame in self.reads if frame not in optional)
        self._frames: dict[tuple[FactKind, Timeframe, bool], tuple[Timeframe, ...]] = {}
        self._zones: dict[frozenset[FactKind], tuple[tuple[Timeframe, frozenset[FactKind]], ...]] = {}

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

    def flows(self, timeframe: Timeframe, count: int) -> None:
        """Raise UndeclaredRead when it declares to read less than ``count`` candles of this timeframe's order flow."""
        if count > self.flow.get(timeframe, 0):
            known = self.flow.get(timeframe, 0)
            raise UndeclaredRead(f"the order flow of {count} candles of {timeframe}; it declares {known}")

    def settled(self) -> None:
        """Raise UndeclaredRead unless it declares to read the funding."""
        if not self.funding:
            raise UndeclaredRead("the funding; it does not declare to")

    def frames(self, kind: FactKind, timeframe: Timeframe, or_higher: bool) -> tuple[Timeframe, ...]:
        """Where it reads this kind: on ``timeframe`` and, with ``or_higher``, on longer ones; longest first.

        Raises UndeclaredRead when it reads the kind on none of them.
        """
        asked = (kind, timeframe, or_higher)
        found = self._frames.get(asked)
        if found is None:
            found = self._frames[asked] = self._find(kind, timeframe, or_higher)
        return found

    def zones(self, kinds: frozenset[FactKind]) -> tuple[tuple[Timeframe, frozenset[FactKind]], ...]:
        """Which of these kinds it reads on each timeframe, HTF before MTF before LTF: tiers are spans of timeframes."""
        found = self._zones.get(kinds)
        if found is None:
            frames = reversed(self.reads)  # the longest first
            found = self._zones[kinds] = tuple([(frame, kinds & self.reads[frame]) for frame in frames])
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


_ALL_BARS: Final = dict.fromkeys(TIMEFRAMES, MOST_BARS)
#: Of a view that is made by hand: everything may be asked for.
EVERYTHING: Final = Scope(dict.fromkeys(TIMEFRAMES, ALL_KINDS), None, _ALL_BARS, _ALL_BARS, funding=True)
