"""What clients ask of spot, margin and COIN-M when they start; none is simulated, so the lists are empty."""

from __future__ import annotations

from typing import Any

from simulator.server.parameters import Parameters
from simulator.server.rest.context import Caller, Context


def exchange_info(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /api/v3/exchangeInfo`` and ``GET /dapi/v1/exchangeInfo``: a market without symbols."""
    return {
        "timezone": "UTC",
        "serverTime": context.server_time,
        "rateLimits": context.session.info["rateLimits"],
        "exchangeFilters": [],
        "symbols": [],
    }


def margin_pairs(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /sapi/v1/margin/allPairs`` and ``/sapi/v1/margin/isolated/allPairs``: nothing trades on margin."""
    return []


def coins(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /sapi/v1/capital/config/getall``: no coin can be deposited or withdrawn here."""
    return []
