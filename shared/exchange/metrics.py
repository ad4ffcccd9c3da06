"""Defines the metrics that several modules of the exchange adapter share."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

UNREADABLE: Final = Counter(
    "ict_exchange_unreadable_total", "Answers and stream messages that are not as the exchange documents them", ["source"]
)
