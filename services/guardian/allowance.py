"""Counts the request weight of the last minute, so that the guardian stays below its bound. Pure.

Of the bound, the positions have what a minute's readings weigh, the books one look a round, and the clock, the listen key
and the filters a part. All else shares the rest: more looks, cancels, and stops that are refused because one stands.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from services.guardian.messages import Cancel, Place, ReadBook, ReadPositions, Request

_MINUTE_MS: Final = 60_000
#: Of the bound, what the clock, the listen key and the filters may use: they are not counted here.
_APART: Final = 25
#: Of the rest, what is kept for requests that cannot wait.
_RESERVE: Final = 30
_POSITIONS: Final = 5
_ALL_BOOKS: Final = 40
#: Most looks in a round.
_LOOKS: Final = 3


def weight(request: Request) -> int:
    """Return the request weight of a request at most. A stop costs what is read of the book when one stands already."""
    match request:
        case ReadPositions():
            return _POSITIONS
        case ReadBook(symbol=None):
            return _ALL_BOOKS
        case ReadBook() | Place() | Cancel():
            return 1
        case _:
            return 0


class Allowance:
    """The weight that may still be used. bound: request weight a minute; read_every_ms: time between two rounds."""

    def __init__(self, bound: int, read_every_ms: int) -> None:
        self._rounds = _MINUTE_MS // read_every_ms + 1
        self._bound = bound - _APART
        self._shared = self._bound - self._rounds * (_POSITIONS + 1)
        self._spent: deque[tuple[int, int, bool]] = deque()

    def spend(self, request: Request, now: int) -> None:
        """Count a request that leaves now; a stop only once the exchange has refused it because one stands."""
        units = weight(request)
        if units:
            self._spent.append((now, units, isinstance(request, ReadBook)))

    def allows(self, request: Request, now: int, *, urgent: bool = False) -> bool:
        """True if the request fits into what is shared. urgent: it may use the reserve."""
        return self._left(now) - (0 if urgent else _RESERVE) >= weight(request)

    def positions(self, now: int) -> bool:
        """True if the positions may be read once more this minute."""
        self._forget(now)
        return sum(units for _, units, _ in self._spent) + _POSITIONS <= self._bound

    def looks(self, now: int) -> int:
        """Return how many books may be read in this round: one in any case."""
        return 1 + min(_LOOKS - 1, max(0, self._left(now) - _RESERVE))

    def _left(self, now: int) -> int:
        self._forget(now)
        looks = sum(1 for _, units, is_look in self._spent if is_look and units == 1)
        others = sum(units for _, units, _ in self._spent if units != _POSITIONS)
        return self._shared - (others - min(looks, self._rounds))

    def _forget(self, now: int) -> None:
        while self._spent and self._spent[0][0] <= now - _MINUTE_MS:
            self._spent.popleft()
