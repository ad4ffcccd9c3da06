"""Faults of the simulator, each with its fields, that execution must come through one by one."""

from __future__ import annotations

from typing import Final

SYMBOL: Final = "BTCUSDT"
#: Kind, with words that tell two of one kind apart → fields.
FAULTS: Final[dict[str, dict[str, object]]] = {
    "timeout_after_accept": {"path": "/fapi/v1/*rder", "method": "POST", "count": 2},
    "timeout_before_accept": {"path": "/fapi/v1/order", "method": "POST", "count": 1},
    "unknown_503": {"path": "/fapi/v1/order", "method": "POST", "executed": True, "count": 1},
    "unavailable_503": {},
    "internal_503": {},
    "throttled_503": {},
    "backend_timeout_408": {"path": "/fapi/v1/algoOrder", "method": "POST", "executed": True},
    "rest_outage": {},
    "rest_outage, of conditional orders only": {"path": "/fapi/v1/algo*"},
    "latency": {"ms": 400},
    "rate_limited_429": {"path": "/fapi/v1/order", "method": "POST", "retry_after_s": 1, "count": 1},
    "banned_418, when the stop is to be placed": {
        "path": "/fapi/v1/algoOrder",
        "method": "POST",
        "retry_after_s": 1,
        "count": 1,
    },
    "clock_skew": {"ms": 5_000},
    "price_spike": {"symbol": SYMBOL, "percent": 0.4},  # within stop and target, which are a percent away
    "silent_streams": {"stream": "*"},
    "disconnect": {"stream": "*"},
    "refuse_streams": {"stream": "*"},
    "expire_listen_key": {},
    "lost_user_events": {},
    "duplicate_user_events": {},
    "reorder_user_events": {"ms": 200},
    "late_user_events": {"ms": 500},
}
