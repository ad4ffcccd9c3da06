"""Changes the words of an answer or user event as the faults in force have it: statuses, assets, account modes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from simulator.server.changed_instruments import oddly_listed
from simulator.server.fault_table import Aim, FaultTable
from simulator.server.stream_faults import aim_of_event

_USDT: Final = "USDT"
#: The asset in which an account in credits trading mode is told its margin, profits, fees and funding.
BNFCR: Final = "BNFCR"
_MODE: Final = "multiAssetsMargin"
#: Fields that hold amounts of the account's one asset, in balance rows; zero in the row of the asset that is not used.
_AMOUNTS: Final = (
    "balance", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "walletBalance",
    "unrealizedProfit", "marginBalance", "maintMargin", "initialMargin", "positionInitialMargin", "openOrderInitialMargin",
)  # fmt: skip
_ZERO: Final = "0.00000000"
_FUNDING_INFO: Final = "/fapi/v1/fundingInfo"
_EXCHANGE_INFO: Final = "/fapi/v1/exchangeInfo"
#: Lists of all symbols, which a delisted one leaves.
_LISTS: Final = (
    "/fapi/v1/ticker/", "/fapi/v2/ticker/", "/fapi/v1/premiumIndex", "/fapi/v1/leverageBracket", "/fapi/v1/symbolConfig",
    "/fapi/v2/positionRisk", "/fapi/v2/account", _FUNDING_INFO,
)  # fmt: skip


def retold_answer(faults: FaultTable, aim: Aim, body: Any) -> Any:
    """Return the body of an answer to the request ``aim``."""
    body = [_order(faults, aim, row) for row in body] if isinstance(body, list) else _order(faults, aim, body)
    if faults.active("bnfcr"):
        body = _in_credits(body)
    if aim.path == _EXCHANGE_INFO and faults.active("odd_listing"):
        return oddly_listed(body, faults)
    if (gone := {each.fault.symbol for each in faults.active("delisted")}) and aim.path.startswith(_LISTS):
        body = _without(body, gone)
    if isinstance(body, dict) and _MODE in body and faults.active("multi_assets", "bnfcr"):
        body = {**body, _MODE: True}
    return body


def retold_event(faults: FaultTable, event: dict[str, Any]) -> dict[str, Any]:
    """Return a user event."""
    if not faults.set:
        return event
    kind, body = event["e"], event.get("o")
    if kind in ("ORDER_TRADE_UPDATE", "ALGO_UPDATE") and isinstance(body, Mapping):
        aim = replace(aim_of_event(event), client_ids=(str(body.get("c") or body.get("caid")),))
        if (status := _status(faults, aim)) is not None:
            body = {**body, "X": status}
        if "N" in body and faults.active("bnfcr"):
            body = {**body, "N": BNFCR}
        return {**event, "o": body}
    if kind == "ACCOUNT_UPDATE" and faults.active("bnfcr"):
        account = event["a"]
        return {**event, "a": {**account, "B": [{**row, "a": BNFCR} for row in account["B"]]}}
    return event


def _order(faults: FaultTable, aim: Aim, row: Any) -> Any:
    """Return an order's row with the status that ``unknown_status`` tells; any other row as it is."""
    for field, client_id in (("status", "clientOrderId"), ("algoStatus", "clientAlgoId")):
        if isinstance(row, Mapping) and field in row and client_id in row:
            of_row = replace(aim, symbols=(str(row["symbol"]),), client_ids=(str(row[client_id]),))
            status = _status(faults, of_row)
            return row if status is None else {**row, field: status}
    return row


def _status(faults: FaultTable, aim: Aim) -> str | None:
    fault = faults.strikes("unknown_status", aim)
    return None if fault is None else fault.status


def _without(body: Any, symbols: set[str]) -> Any:
    """Leave the rows of these symbols out of a list, and out of the list of positions of an account."""
    if isinstance(body, list):
        return [row for row in body if not (isinstance(row, Mapping) and row.get("symbol") in symbols)]
    if isinstance(body, Mapping) and isinstance(body.get("positions"), list):
        return {**body, "positions": _without(body["positions"], symbols)}
    return body


def _in_credits(body: Any) -> Any:
    """Tell amounts in credits: balance rows of USDT are followed by one of BNFCR that holds what they held."""
    if isinstance(body, list):
        return [credited for row in body for credited in _credit_rows(row)]
    if isinstance(body, Mapping) and isinstance(body.get("assets"), list):
        return {**body, "assets": _in_credits(body["assets"])}
    return body


def _credit_rows(row: Any) -> list[Any]:
    if not isinstance(row, Mapping):
        return [row]
    if row.get("commissionAsset") == _USDT:
        return [{**row, "commissionAsset": BNFCR}]
    if row.get("asset") != _USDT:
        return [row]
    if "incomeType" in row:
        return [{**row, "asset": BNFCR}]
    empty = {name: _ZERO if name in _AMOUNTS else value for name, value in row.items()}
    return [empty, {**row, "asset": BNFCR}]
