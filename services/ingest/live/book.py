"""The local order book: a REST snapshot, and the stream's diffs on top of it, in unbroken sequence (ICT-14).

Binance's rule (USDⓈ-M, "How to manage a local order book correctly"): buffer the diffs, take a snapshot, drop the diffs that
end before it, the first one left must reach back to it, and each one after must continue the one before; else begin again.
Ids of USDⓈ-M diffs have holes between one's last and the next one's first, so "reaches back" is read off ``previous``.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Literal

from services.ingest.settings.live import BookSettings
from shared.exchange.model.market_data import Depth, Level
from shared.exchange.model.streams import DepthEvent

BookNews = Literal[
    "applied",
    "buffered",  # held until a snapshot arrives
    "stale",  # ends before what is known: dropped
    "gap",  # does not continue what is known: the book is void, take a snapshot
]
SnapshotNews = Literal[
    "synced",
    "too_old",  # older than the oldest diff at hand: take another
    "needless",  # the book was in sequence already
]


class LocalBook:
    """One symbol's book. Keeps the best ``max_levels`` of each side: levels farther out are forgotten, as those beyond a
    snapshot's depth are never known."""

    def __init__(self, settings: BookSettings) -> None:
        self._settings = settings
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        self._last = -1
        self._bridged = False
        self._buffer: deque[DepthEvent] = deque(maxlen=settings.max_buffered)

    @property
    def synced(self) -> bool:
        """The book is the exchange's, as of the last diff."""
        return self._last >= 0

    @property
    def update(self) -> int:
        """The exchange's id of the last update that is in the book; -1 before a snapshot."""
        return self._last

    def reset(self) -> None:
        """Forget everything: the stream was interrupted."""
        self._bids.clear()
        self._asks.clear()
        self._buffer.clear()
        self._last = -1
        self._bridged = False

    def diff(self, event: DepthEvent) -> BookNews:
        """Take a diff of the stream."""
        if self._last < 0:
            if self._buffer and event.last <= self._buffer[-1].last:
                return "stale"
            if self._buffer and event.previous != self._buffer[-1].last:
                self._buffer.clear()  # a hole among the diffs: a snapshot must be newer than it
            self._buffer.append(event)
            return "buffered"
        if event.last < self._last or (self._bridged and event.last == self._last):
            return "stale"
        continues = event.previous == self._last if self._bridged else event.previous <= self._last
        if not continues:
            self.reset()
            self._buffer.append(event)
            return "gap"
        self._apply(event)
        return "applied"

    def snapshot(self, depth: Depth) -> SnapshotNews:
        """Take a snapshot; the buffered diffs follow on it."""
        if self._last >= 0:
            return "needless"
        while self._buffer and self._buffer[0].last < depth.last_update:
            self._buffer.popleft()
        if self._buffer and self._buffer[0].previous > depth.last_update:
            return "too_old"
        self._bids = {price: size for price, size in depth.bids if size > 0.0}
        self._asks = {price: size for price, size in depth.asks if size > 0.0}
        self._last = depth.last_update
        buffered, self._buffer = self._buffer, deque(maxlen=self._settings.max_buffered)
        for event in buffered:
            self._apply(event)
        return "synced"

    def levels(self, count: int) -> tuple[list[Level], list[Level]]:
        """The best ``count`` bids and asks, best first."""
        bids = heapq.nlargest(count, self._bids.items())
        return bids, heapq.nsmallest(count, self._asks.items())

    def imbalance(self) -> float | None:
        """(bid size - ask size) / both over the best levels, -1 … 1; None while the book is not in sequence or is empty."""
        if not self.synced:
            return None
        bids, asks = self.levels(self._settings.imbalance_levels)
        bid, ask = sum(size for _, size in bids), sum(size for _, size in asks)
        return (bid - ask) / (bid + ask) if bid + ask > 0.0 else None

    def _apply(self, event: DepthEvent) -> None:
        self._bids = self._changed(self._bids, event.bids, best_high=True)
        self._asks = self._changed(self._asks, event.asks, best_high=False)
        self._last = event.last
        self._bridged = True

    def _changed(self, side: dict[float, float], changes: Iterable[Level], *, best_high: bool) -> dict[float, float]:
        for price, size in changes:
            if size > 0.0:
                side[price] = size
            else:
                side.pop(price, None)
        bound = self._settings.max_levels
        if len(side) <= bound + bound // 4:  # cut now and then, not at every diff
            return side
        best = heapq.nlargest if best_high else heapq.nsmallest
        return dict(best(bound, side.items()))
