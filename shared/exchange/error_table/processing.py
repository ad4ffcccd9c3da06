"""Codes of requests that were understood and not carried out (-2000 to -2099)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

ROWS: Final[dict[Code, Row]] = {
    Code.BAD_API_ID: (
        "halt",
        "Invalid Api-Key ID.",
        "the exchange does not know the key; set ICT_EXCHANGE__KEY to a key of this exchange, start again, then re-arm",
    ),
    Code.NEW_ORDER_REJECTED: (
        "refuse",
        "NEW_ORDER_REJECTED",
        "the exchange did not take the order; its text says why",
    ),
    Code.CANCEL_REJECTED: (
        "query",
        "Unknown order sent.",
        "no such order is open: it was filled, cancelled or never there; it is asked which, nothing for you to do",
    ),
    Code.CANCEL_ALL_FAIL: (
        "query",
        "Batch cancel failure.",
        "not every order could be cancelled; the open orders are read again",
    ),
    Code.NO_SUCH_ORDER: (
        "query",
        "Order does not exist.",
        "the exchange has no record of the order; it is believed once the order can no longer arrive, nothing for you to do",
    ),
    Code.BAD_API_KEY_FMT: (
        "halt",
        "API-key format invalid.",
        "the key is not written as the exchange writes keys; copy ICT_EXCHANGE__KEY anew, start again, then re-arm",
    ),
    Code.REJECTED_MBX_KEY: (
        "halt",
        "Invalid API-key, IP, or permissions for action.",
        "the exchange refuses the key; check that it exists, may trade futures, allows this machine's address and belongs "
        "to this exchange (live or demo), then re-arm",
    ),
    Code.NO_TRADING_WINDOW: (
        "refuse",
        "No trading window could be found for the symbol. Try ticker/24hrs instead.",
        "the symbol has no trading session now; wait for the next one",
    ),
    Code.API_KEYS_LOCKED: (
        "halt",
        "API Keys are locked on this account.",
        "the exchange has locked the account's keys; sign in at the exchange and unlock them, then re-arm",
    ),
    Code.BALANCE_NOT_SUFFICIENT: (
        "refuse",
        "Balance is insufficient.",
        "the balance does not suffice; transfer USDT to the futures wallet, or lower the risk a trade",
    ),
    Code.MARGIN_NOT_SUFFICIENT: (
        "refuse",
        "Margin is insufficient.",
        "the free margin does not suffice for the order; transfer USDT, close positions, or lower the risk a trade",
    ),
    Code.UNABLE_TO_FILL: (
        "refuse",
        "Unable to fill.",
        "the order could not be filled; the symbol has too few offers at the moment",
    ),
    Code.ORDER_WOULD_IMMEDIATELY_TRIGGER: (
        "refuse",
        "Order would immediately trigger.",
        "price is already beyond the stop or target; a position without a stop is closed at the market instead",
    ),
    Code.REDUCE_ONLY_REJECT: (
        "refuse",
        "ReduceOnly Order is rejected.",
        "there is nothing to reduce, or open orders reduce it already; positions and open orders are read again",
    ),
    Code.USER_IN_LIQUIDATION: (
        "halt",
        "User in liquidation mode now.",
        "the exchange is liquidating the account; look at the account at the exchange, then re-arm",
    ),
    Code.POSITION_NOT_SUFFICIENT: (
        "refuse",
        "Position is not sufficient.",
        "the position is smaller than the order wants to close; positions are read again",
    ),
    Code.MAX_OPEN_ORDER_EXCEEDED: (
        "refuse",
        "Reach max open order limit.",
        "too many orders are open in this symbol; cancel those that are not needed",
    ),
    Code.REDUCE_ONLY_ORDER_TYPE_NOT_SUPPORTED: (
        "refuse",
        "This OrderType is not supported when reduceOnly.",
        "this order type cannot be reduce-only; report it with the log, it is a fault of this program",
    ),
    Code.MAX_LEVERAGE_RATIO: (
        "refuse",
        "Exceeded the maximum allowable position at current leverage.",
        "the position would be larger than the leverage allows; lower account.leverage or the risk a trade",
    ),
    Code.MIN_LEVERAGE_RATIO: (
        "refuse",
        "Leverage is smaller than permitted: insufficient margin balance.",
        "the margin does not suffice at this leverage; transfer USDT or raise account.leverage",
    ),
}
