"""The metrics of a store; the label ``store`` names its kind."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

_BUCKETS: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)

_APPEND = Histogram(
    "ict_store_append_seconds", "An append, from call to safe, waiting for the server included", ["store"], buckets=_BUCKETS
)
_RETRIES = Counter("ict_store_retries_total", "Operations tried again because the server could not do them", ["store"])
_FENCED = Counter("ict_store_fenced_total", "Appends refused because the lane belongs to another process", ["store"])


class StoreMetrics:
    """The metrics of one kind of store."""

    def __init__(self, store: str) -> None:
        self.append: Final = _APPEND.labels(store)
        self.retries: Final = _RETRIES.labels(store)
        self.fenced: Final = _FENCED.labels(store)
