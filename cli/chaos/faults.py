"""The simulator's faults as the drill sets them: fields that hurt, and that a deployment must come through."""

from __future__ import annotations

from typing import Any, Final

from cli.chaos.symbols import SYMBOLS

_ONE, _TWO, _THREE = SYMBOLS[:3]
_ORDER: Final = {"path": "/fapi/v1/order", "method": "POST"}
_STOP: Final = {"path": "/fapi/v1/algoOrder", "method": "POST"}

#: Name → fields. A name is the kind, and where one kind comes in several forms, what tells them apart.
FAULTS: Final[dict[str, dict[str, Any]]] = {
    "latency": {"ms": 300, "jitter_ms": 200},
    "timeout_after_accept": {"path": "/fapi/v1/*rder", "method": "POST", "count": 2},
    "timeout_after_accept, entries": {**_ORDER, "count": 3},
    "timeout_before_accept": {**_ORDER, "count": 2},
    "unknown_503": {**_ORDER, "executed": True, "count": 3},
    "unknown_503, not carried out": {**_ORDER, "executed": False, "count": 3},
    "unavailable_503": {},
    "internal_503": {},
    "throttled_503": {},
    "backend_timeout_408": {**_STOP, "executed": True, "count": 3},
    "rate_limited_429": {**_ORDER, "retry_after_s": 1, "count": 1},
    "banned_418": {**_STOP, "retry_after_s": 1, "count": 1},
    "rest_outage": {},
    "rest_outage, conditional orders": {"path": "/fapi/v1/algo*"},
    "rest_outage, account": {"path": "/fapi/v*/account", "method": "GET"},
    "unknown_symbol": {"symbol": _ONE},
    "error_answer": {**_ORDER, "code": -2019, "count": 3},
    "error_answer, stops": {**_STOP, "code": -1000, "executed": True, "count": 2},
    "disconnect": {"stream": "*"},
    "refuse_streams": {"stream": "*"},
    "silent_streams": {"stream": "*"},
    "silent_route": {"route": "private"},
    "lost_market_events": {"stream": "*", "share": 0.5},
    "duplicate_market_events": {"stream": "*"},
    "duplicate_user_events": {},
    "reorder_user_events": {"ms": 200},
    "late_user_events": {"ms": 500},
    "lost_user_events": {},
    "lost_user_events, half": {"share": 0.5},
    "expire_listen_key": {},
    "listen_key_refused": {},
    "clock_skew": {"ms": 4_000},
    "price_spike": {"symbol": _TWO, "percent": 0.2},
    "stale_reads": {"reads": "account", "ms": 1_500},
    "stale_reads, orders": {"reads": "orders", "ms": 1_500},
    "late_income": {"ms": 2_000},
    "repeated_income": {},
    "hidden_stop": {"symbol": _THREE, "count": 2},
    "expire_in_match": {"symbol": _TWO, "count": 2},
    "unknown_status": {"stream": "ORDER_TRADE_UPDATE", "count": 2},
    "multi_assets": {},
    "filters": {"symbol": _THREE, "min_notional": "50"},
    "settling": {"symbol": _TWO},
    "agreement_needed": {"symbol": _THREE},
    "odd_listing": {"symbol": _THREE, "row": {"status": "BREAK"}},
    "funding_interval": {"symbol": _ONE, "hours": 8},
    "margin_call": {},
    "adl": {"symbol": _ONE, "percent": 50},
    "app_order, a stop": {"symbol": _ONE, "action": "stop", "percent": 5},
    "app_order, all cancelled": {"symbol": _TWO, "action": "cancel"},
    "app_order, closed": {"symbol": _THREE, "action": "close"},
    "app_order, a part closed": {"symbol": _ONE, "action": "cut"},
}  # fmt: skip
#: Kinds that the drill leaves out, and why.
LEFT_OUT: Final[dict[str, str]] = {
    "bnfcr": "the account's money is told in another unit: no agreement to the cent while it holds",
    "delisted": "it settles positions and takes the symbol away; listed again, its history is gone",
}


def fields_of(name: str) -> dict[str, Any]:
    """Return what ``POST /sim/faults`` gets for the fault of this name. Raises KeyError."""
    return {"kind": name.partition(",")[0], **FAULTS[name]}
