"""exchangeInfo as the faults in force have it: other filters, other statuses, without delisted symbols. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from simulator.server.fault_table import FaultTable
from simulator.server.faults import Fault


def changed_info(info: Mapping[str, Any], faults: FaultTable) -> dict[str, Any]:
    """Return the exchangeInfo answer; ``info``: without faults. Later faults on one symbol change what earlier ones left."""
    rows = {row["symbol"]: row for row in info["symbols"]}
    for each in faults.active("filters", "settling", "delisted"):
        symbol = each.fault.symbol
        if symbol in rows:
            changed = _changed(rows[symbol], each.fault)
            rows = {name: row for name, row in {**rows, symbol: changed}.items() if row is not None}
    return {**info, "symbols": list(rows.values())}


def oddly_listed(info: Mapping[str, Any], faults: FaultTable) -> dict[str, Any]:
    """Return the exchangeInfo answer as it is told: with the rows of symbols that a fault describes in another way."""
    odd = faults.active("odd_listing")
    rows = info["symbols"]
    for each in odd:
        changes = each.fault.row
        rows = [_changed_row(row, changes) if row.get("symbol") == each.fault.symbol else row for row in rows]
    return {**info, "symbols": rows}


def _changed_row(row: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


def _changed(row: dict[str, Any], fault: Fault) -> dict[str, Any] | None:
    if fault.kind == "delisted":
        return None
    if fault.kind == "settling":
        return {**row, "status": "SETTLING"}
    row = {**row, "filters": [_filter(each, fault) for each in row["filters"]]}
    for name, step in (("pricePrecision", fault.tick_size), ("quantityPrecision", fault.step_size)):
        if step is not None:
            row[name] = max(row[name], _decimals(step))
    return row


def _filter(row: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """Return one filter; smallest price and quantity are raised to a multiple of the new tick or step."""
    match row["filterType"]:
        case "PRICE_FILTER" if fault.tick_size is not None:
            return {**row, "tickSize": f"{fault.tick_size:f}", "minPrice": _multiple(row["minPrice"], fault.tick_size)}
        case "LOT_SIZE" | "MARKET_LOT_SIZE" if fault.step_size is not None:
            return {**row, "stepSize": f"{fault.step_size:f}", "minQty": _multiple(row["minQty"], fault.step_size)}
        case "MIN_NOTIONAL" if fault.min_notional is not None:
            return {**row, "notional": f"{fault.min_notional:f}"}
        case _:
            return row


def _multiple(value: str, step: Decimal) -> str:
    steps = (Decimal(value) / step).quantize(Decimal(1), rounding=ROUND_CEILING)
    return f"{max(steps, Decimal(1)) * step:f}"


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
