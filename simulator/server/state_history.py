"""Remembers how the account stood at earlier times, for reads that lag behind writes. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from simulator.core.exchange_core import ExchangeCore


@dataclass(slots=True)
class _Moment:
    time: int
    snapshot: bytes
    core: ExchangeCore | None = None


@dataclass(slots=True)
class StateHistory:
    """Snapshots of a core, each taken after a change. ``longest``: how far back they are kept, ms of the market's clock.

    Memory: one snapshot a change within ``longest``; it is kept only while a fault needs it.
    """

    core: ExchangeCore
    longest: int
    _moments: deque[_Moment] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Take the present state for that of all earlier times."""
        self._moments.append(_Moment(0, self.core.snapshot()))

    def keep(self, now: int) -> None:
        """Remember the state as it is at ``now`` (market's clock, ms), and forget what no lag can reach any more."""
        if self._moments[-1].time == now:
            self._moments.pop()
        self._moments.append(_Moment(now, self.core.snapshot()))
        while len(self._moments) > 1 and self._moments[1].time <= now - self.longest:
            self._moments.popleft()

    def at(self, time: int) -> ExchangeCore:
        """Return a core in its state at ``time`` (market's clock, ms); before the first one known, in that."""
        moment = next((each for each in reversed(self._moments) if each.time <= time), self._moments[0])
        if moment.core is None:
            state = self.core.state
            moment.core = ExchangeCore(
                state.settings,
                {symbol: book.filters for symbol, book in state.books.items()},
                {symbol: book.brackets for symbol, book in state.books.items()},
            )
            moment.core.restore(moment.snapshot)
        return moment.core
