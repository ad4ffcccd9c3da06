"""Finds the recorded answer to a request. Pure: what was asked before decides, not the time.

A request finds the recorded one with the same method, path and parameters; signature, timestamps and receive window are not
compared, nor ids that the client chose itself. Asked again, a request gets the next answer that was recorded for it; after
the last one it gets that again, unless it changes an order: an order is answered as often as it was recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from simulator.wire_log.client_ids import CHOSEN, ClientIds, parameters
from simulator.wire_log.reading import Asked, changes_orders

#: Never compared: they change with every request, or name what was blanked.
_UNCOMPARED: Final = frozenset({"timestamp", "signature", "recvWindow", "listenKey"})
#: Compared first, and left out when nothing fits: a client asks for the candles before its own present.
_OF_THE_MOMENT: Final = frozenset({"startTime", "endTime", "fromId"})

_Key = tuple[str, str, frozenset[tuple[str, str]]]


class RecordedRequests:
    """The requests of a session, with a memory of what was asked."""

    def __init__(self, asked: Sequence[Asked], ids: ClientIds) -> None:
        self._ids = ids
        self._asked = asked
        self._used = [False] * len(asked)
        self._by_key: dict[int, dict[_Key, list[int]]] = {0: defaultdict(list), 1: defaultdict(list), 2: defaultdict(list)}
        for index, each in enumerate(asked):
            params = parameters(each.request.query, each.request.body)
            for level, found in self._by_key.items():
                found[_key(each.request.method, each.request.path, params, level)].append(index)
        #: Requests that were made of which the recording knows nothing, "METHOD path".
        self.unknown: list[str] = []
        #: Requests made now that change orders.
        self.orders = 0

    def find(self, method: str, path: str, query: str, body: str) -> Asked | None:
        """Return what was recorded for this request; None if nothing was, or if it was used up."""
        now = parameters(query, body)
        recorded = self._ids.recorded(now)
        once = changes_orders(method, path)
        self.orders += once
        for level, by_key in self._by_key.items():
            fitting = by_key.get(_key(method, path, recorded, level), [])
            index = next((each for each in fitting if not self._used[each]), None)
            if index is None and fitting and not once:
                index = fitting[-1]
            if index is not None:
                self._used[index] = True
                found = self._asked[index]
                self._ids.pair(parameters(found.request.query, found.request.body), now)
                return found
        self.unknown.append(f"{method} {path}")
        return None

    def left(self) -> list[str]:
        """Recorded requests that nobody has made yet, "METHOD path", each once."""
        names = (
            f"{each.request.method} {each.request.path}"
            for each, used in zip(self._asked, self._used, strict=True)
            if not used
        )
        return list(dict.fromkeys(names))


def _key(method: str, path: str, params: Mapping[str, str], level: int) -> _Key:
    """What is compared: level 0 everything, level 1 without ids that the client chose, level 2 without times too."""
    left_out = _UNCOMPARED
    if level >= 1:
        left_out |= CHOSEN | {"batchOrders"}
    if level >= 2:
        left_out |= _OF_THE_MOMENT
    return method, path, frozenset((name, value) for name, value in params.items() if name not in left_out)
