"""Enumerations of the matching core (docs/binance.md §4); those of orders are in shared/domain/order_words.py."""

from __future__ import annotations

from typing import Literal

SelfTradePrevention = Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
MarginType = Literal["CROSSED", "ISOLATED"]

#: Execution type, field ``x`` of ORDER_TRADE_UPDATE.
ExecutionType = Literal["NEW", "TRADE", "CANCELED", "EXPIRED", "CALCULATED", "AMENDMENT"]
#: Reason, field ``m`` of ACCOUNT_UPDATE.
AccountReason = Literal[
    "ORDER", "FUNDING_FEE", "DEPOSIT", "WITHDRAW", "MARGIN_TRANSFER", "MARGIN_TYPE_CHANGE", "ADJUSTMENT", "INSURANCE_CLEAR"
]
IncomeType = Literal["TRANSFER", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION", "INSURANCE_CLEAR"]
