"""Defines the metrics that several modules of the exchange adapter share."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

UNREADABLE: Final = Counter(
    "ict_exchange_unreadable_total", "Answers and frames that are not what the exchange documents", ["source"]
)
