"""Codes of the account's settings, margin and permissions (-4028 to -4531)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

_REPORT: Final = "report it with the log, it is a fault of this program"
_LEVERAGE: Final = "lower account.leverage"

ROWS: Final[dict[Code, Row]] = {
    Code.INVALID_LEVERAGE: (
        "refuse",
        "Leverage is not valid",
        f"the symbol does not have this leverage; {_LEVERAGE}",
        "Leverage %s is not valid",
    ),
    Code.INVALID_BALANCE_TYPE: ("refuse", "Balance Type is invalid.", f"the exchange knows no such balance; {_REPORT}"),
    Code.NO_NEED_TO_CHANGE_MARGIN_TYPE: (
        "stands",
        "No need to change margin type.",
        "the margin type is already as asked; nothing to do",
    ),
    Code.THERE_EXISTS_OPEN_ORDERS: (
        "refuse",
        "Margin type cannot be changed if there exists open orders.",
        "the margin type cannot change while orders are open in the symbol; cancel them, or set account.margin_type to what "
        "the account has",
    ),
    Code.THERE_EXISTS_QUANTITY: (
        "refuse",
        "Margin type cannot be changed if there exists position.",
        "the margin type cannot change while a position is open in the symbol; close it, or set account.margin_type to what "
        "the account has",
    ),
    Code.ADD_ISOLATED_MARGIN_REJECT: (
        "refuse",
        "Add margin only support for isolated position.",
        "margin can be added to isolated positions only; this one is in cross margin",
    ),
    Code.CROSS_BALANCE_INSUFFICIENT: (
        "refuse",
        "Cross balance insufficient.",
        "the cross wallet does not suffice; transfer USDT to the futures wallet",
    ),
    Code.ISOLATED_BALANCE_INSUFFICIENT: (
        "refuse",
        "Isolated balance insufficient.",
        "the position's isolated margin does not suffice; take out less",
    ),
    Code.NO_NEED_TO_CHANGE_AUTO_ADD_MARGIN: (
        "stands",
        "No need to change auto add margin.",
        "adding margin automatically is already set as asked; nothing to do",
    ),
    Code.AUTO_ADD_CROSSED_MARGIN_REJECT: (
        "refuse",
        "Auto add margin only support for isolated position.",
        "margin can be added automatically to isolated positions only",
    ),
    Code.ADD_ISOLATED_MARGIN_NO_POSITION_REJECT: (
        "refuse",
        "Cannot add position margin: position is 0.",
        "there is no position to add margin to; nothing was moved",
    ),
    Code.AMOUNT_MUST_BE_POSITIVE: ("refuse", "Amount must be positive.", f"the amount is not above zero; {_REPORT}"),
    Code.INVALID_API_KEY_TYPE: (
        "halt",
        "Invalid api key type.",
        "the exchange does not take this kind of key; make an HMAC key for futures, then re-arm",
    ),
    Code.INVALID_RSA_PUBLIC_KEY: (
        "halt",
        "Invalid api public key",
        "the key's public half is not valid; make an HMAC key for futures, then re-arm",
    ),
    Code.NO_NEED_TO_CHANGE_POSITION_SIDE: (
        "stands",
        "No need to change position side.",
        "the position mode is already as asked; nothing to do",
    ),
    Code.POSITION_SIDE_NOT_MATCH: (
        "halt",
        "Order's position side does not match user's setting.",
        "the account is in another position mode than this program trades in; set one-way mode at the exchange (without "
        "positions and orders), then re-arm",
    ),
    Code.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS: (
        "refuse",
        "Position side cannot be changed if there exists open orders.",
        "the position mode cannot change while orders are open; cancel them first",
    ),
    Code.POSITION_SIDE_CHANGE_EXISTS_QUANTITY: (
        "refuse",
        "Position side cannot be changed if there exists position.",
        "the position mode cannot change while a position is open; close it first",
    ),
    Code.REDUCE_ONLY_ORDER_PERMISSION: (
        "halt",
        "User can only place reduce only order",
        "the exchange lets this account only reduce positions; ask its support why, then re-arm",
    ),
    Code.NO_PLACE_ORDER_PERMISSION: (
        "halt",
        "User can not place order currently",
        "the exchange takes no orders from this account; close positions by hand if need be, ask its support, then re-arm",
    ),
    Code.INACTIVE_ACCOUNT: (
        "halt",
        "Inactive account",
        "the futures account is asleep; transfer any amount to the futures wallet to wake it, then re-arm",
    ),
    Code.INVALID_CLIENT_TRAN_ID_LEN: ("refuse", "clientTranId is not valid", f"a transfer's id is not valid; {_REPORT}"),
    Code.DUPLICATED_CLIENT_TRAN_ID: (
        "query",
        "clientTranId is duplicated",
        "a transfer with this id was made in the last seven days; look at the account's transfers",
    ),
    Code.ISOLATED_LEVERAGE_REJECT_WITH_POSITION: (
        "refuse",
        "Leverage reduction is not supported in Isolated Margin Mode with open positions",
        "the leverage of an isolated position cannot be lowered; close it first, or leave account.leverage as it is",
    ),
    Code.INVALID_TIME_INTERVAL: (
        "refuse",
        "Invalid time interval",
        "the asked range is longer than the exchange gives at once; ask for a shorter one",
        "Maximum time interval is %s days",
    ),
    Code.ISOLATED_REJECT_WITH_JOINT_MARGIN: (
        "refuse",
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.",
        "multi-assets mode does not go with isolated margin; this program needs single-asset mode",
    ),
    Code.JOINT_MARGIN_REJECT_WITH_ISOLATED: (
        "refuse",
        "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
        "the account is in multi-assets mode, which has no isolated margin; set single-asset mode at the exchange, or "
        "account.margin_type to cross",
    ),
    Code.JOINT_MARGIN_REJECT_WITH_MB: (
        "refuse",
        "Unable to adjust Multi-Assets Mode with insufficient margin balance in USDⓈ-M Futures.",
        "the assets mode cannot change: the margin does not suffice; close positions or transfer USDT",
    ),
    Code.JOINT_MARGIN_REJECT_WITH_OPEN_ORDER: (
        "refuse",
        "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.",
        "the assets mode cannot change while orders are open; cancel them first",
    ),
    Code.NO_NEED_TO_CHANGE_JOINT_MARGIN: (
        "stands",
        "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.",
        "the assets mode is already as asked; nothing to do",
    ),
    Code.JOINT_MARGIN_REJECT_WITH_NEGATIVE_BALANCE: (
        "refuse",
        "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin available asset in USDⓈ-M Futures "
        "account.",
        "the assets mode cannot change: a wallet is below zero; bring it to zero first",
    ),
    Code.ACCOUNT_REDUCE_ONLY: (
        "halt",
        "Restricted account permission: can only place reduceOnly order on the symbol.",
        "the exchange lets this account only reduce positions; ask its support why, then re-arm",
    ),
    Code.COOLING_OFF_PERIOD: (
        "halt",
        "Trade forbidden due to Cooling-off Period.",
        "the account is in a cooling-off period that was switched on at the exchange; wait for its end, then re-arm",
    ),
    Code.ADJUST_LEVERAGE_KYC_FAILED: (
        "refuse",
        "Intermediate Personal Verification is required for adjusting leverage over 20x",
        f"more than 20x needs a verified identity; verify it at the exchange, or {_LEVERAGE}",
    ),
    Code.ADJUST_LEVERAGE_ONE_MONTH_FAILED: (
        "refuse",
        "More than 20x leverage is available one month after account registration.",
        f"the account is younger than a month, so 20x is the most; {_LEVERAGE}",
    ),
    Code.ADJUST_LEVERAGE_X_DAYS_FAILED: (
        "refuse",
        "More than 20x leverage is not available yet after Futures account registration.",
        f"the futures account is too young for more than 20x; {_LEVERAGE}",
        "More than 20x leverage is available %s days after Futures account registration.",
    ),
    Code.ADJUST_LEVERAGE_KYC_LIMIT: (
        "refuse",
        "Users in this country has limited adjust leverage.",
        f"the leverage is limited in the account's country; {_LEVERAGE}",
        "Users in your location/country can only access a maximum leverage of %s",
    ),
    Code.ADJUST_LEVERAGE_ACCOUNT_SYMBOL_FAILED: (
        "refuse",
        "Current symbol leverage cannot exceed 20 when using position limit adjustment service.",
        f"with the raised position limit 20x is the most in this symbol; {_LEVERAGE}",
    ),
    Code.ADJUST_LEVERAGE_SYMBOL_FAILED: (
        "refuse",
        "The max leverage of Symbol is 20x",
        f"the symbol does not have this leverage; {_LEVERAGE}",
        "Leverage adjustment failed. Current symbol max leverage limit is %sx",
    ),
    Code.TRADING_QUANTITATIVE_RULE: (
        "halt",
        "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
        "the exchange lets the account only reduce for a while, because too many orders were cancelled or never filled; "
        "find out who sends so many orders, wait until it lifts that, then re-arm",
    ),
    Code.LARGE_POSITION_SYM_RULE: (
        "halt",
        "Futures Trading Risk Control Rules of large position holding violated, only reduceOnly order is allowed, please "
        "reduce the position.",
        "the position is larger than the exchange's risk control allows; reduce it, then re-arm",
    ),
    Code.ADJUST_LEVERAGE_COMPLIANCE_FAILED: (
        "refuse",
        "Dear user, as per our Terms of Use and compliance with local regulations, the leverage can only up to 10x in your "
        "region",
        f"the leverage is limited in the account's region; {_LEVERAGE}",
        "Dear user, as per our Terms of Use and compliance with local regulations, the leverage can only up to %sx in your "
        "region",
    ),
    Code.LEAD_PORTFOLIO_SINGLE_ASSET: (
        "refuse",
        "Multi-assets mode is not available for this portfolio.",
        "a lead-trading portfolio cannot change its assets mode; use another account",
    ),
    Code.DUAL_SIDE_SYNC_REJECT: (
        "refuse",
        "Position mode change requires syncing UM and CM. Please close any open positions or orders in CM and try again.",
        "the position mode also holds for COIN-M; close the positions and cancel the orders there first",
    ),
}
