"""The words of orders, in the exchange's spelling: one definition each, used by every model of an order.

Models that allow fewer words than the exchange name the subset here too, beside the whole.
"""

from __future__ import annotations

from typing import Literal

#: What lives in the order book at once, and the exchange's own closing orders.
BookOrderType = Literal["LIMIT", "MARKET", "LIQUIDATION"]
#: Conditional orders: they wait for a trigger in the algo book.
ConditionalOrderType = Literal["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
#: What a client may place.
OrderType = Literal["LIMIT", "MARKET", ConditionalOrderType]
#: Every type that the exchange states.
AnyOrderType = Literal[BookOrderType, ConditionalOrderType]
#: What a limit order does with the part that does not fill at once.
TimeInForce = Literal[
    "GTC",  # rests until it is cancelled
    "IOC",  # what does not fill at once expires
    "FOK",  # fills at once and wholly, or not at all
    "GTX",  # post-only: refused when it would take
    "GTD",  # rests until a date
]
#: Which price a trigger waits for: that of the last trade, or the mark price.
WorkingType = Literal["CONTRACT_PRICE", "MARK_PRICE"]
#: BOTH in one-way mode, LONG and SHORT in hedge mode.
PositionSide = Literal["BOTH", "LONG", "SHORT"]
