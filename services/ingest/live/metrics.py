"""What the live feed measures of itself."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

EVENTS: Final = Counter("ict_ingest_events_total", "Stream events taken in", ["symbol", "kind"])
LAG: Final = Histogram(
    "ict_ingest_lag_seconds",
    "From the exchange's event time to the moment it was taken in",
    ["kind"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
HEALTHY: Final = Gauge("ict_ingest_connection_healthy", "1 while every stream of the connection speaks", ["connection"])
LOST: Final = Counter("ict_ingest_connections_lost_total", "Stream connections that ended", ["connection", "reason"])
SILENCES: Final = Counter("ict_ingest_silences_total", "Streams that said nothing for longer than their limit", ["kind"])
KLINES: Final = Counter(
    "ict_ingest_klines_total", "One-minute klines of the streams, by what was done with them", ["hearing"]
)
FETCHES: Final = Counter("ict_ingest_fetches_total", "REST questions of the feed", ["what", "outcome"])
BOOKS: Final = Counter("ict_ingest_books_total", "Local order books: synced, and voided by a gap", ["symbol", "event"])
FORCED: Final = Counter("ict_ingest_liquidations_total", "Forced orders seen", ["symbol", "side"])
EXPECTED: Final = Counter("ict_ingest_candles_expected_total", "Candles that the exchange closed", ["partition"])
PUBLISHED: Final = Counter("ict_ingest_candles_published_total", "Of those, published", ["partition", "origin"])
WRONG: Final = Counter("ict_ingest_candles_wrong_total", "Published candles that differ from the exchange's", ["partition"])
ACCURACY: Final = Gauge("ict_ingest_accuracy_ratio", "Published and right, of those that the exchange closed", ["partition"])
BEHIND: Final = Gauge("ict_ingest_minutes_behind", "Minutes that are over and have not left", ["partition"])
