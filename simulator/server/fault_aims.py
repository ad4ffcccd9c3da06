"""Reads out of a request what faults compare their aims with. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.server.fault_table import Aim
from simulator.server.parameters import Parameters


def aim_of(method: str, path: str, parameters: Parameters) -> Aim:
    """Return what faults compare their aims with; a batch names the symbols of all its orders."""
    return Aim(method=method, path=path, symbols=_symbols(parameters))


def _symbols(parameters: Parameters) -> frozenset[str]:
    """Return the symbols that a request names: ``symbol``, ``pair``, and those of the orders of a batch."""
    found = {parameters.optional("symbol"), parameters.optional("pair")}
    batch = parameters.optional("batchOrders")
    if batch is not None:
        try:
            orders: Any = msgspec.json.decode(batch)
        except msgspec.DecodeError:
            orders = []
        if isinstance(orders, list):
            found |= {str(each.get("symbol")) for each in orders if isinstance(each, dict)}
    return frozenset(each for each in found if each)
