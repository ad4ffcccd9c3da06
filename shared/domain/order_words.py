"""Defines the words of orders (type, time in force, …) once, in the exchange's spelling, for every model of an order.

A model that allows fewer words than the exchange has its subset here too.
"""

from __future__ import annotations

from typing import Literal

Side = Literal["BUY", "SELL"]
#: Orders that reach the matching engine at once. LIQUIDATION: placed by the exchange, never by a client.
BookOrderType = Literal["LIMIT", "MARKET", "LIQUIDATION"]
#: Conditional orders: they wait in the algo book until a price triggers them.
ConditionalOrderType = Literal["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
#: The types that a client may place.
OrderType = Literal["LIMIT", "MARKET", ConditionalOrderType]
#: Every type that the exchange reports.
AnyOrderType = Literal[BookOrderType, ConditionalOrderType]
#: What happens to the part of a limit order that does not fill at once.
TimeInForce = Literal[
    "GTC",  # rests until it is cancelled
    "IOC",  # the rest expires
    "FOK",  # fills wholly at once, or expires
    "GTX",  # post-only: rejected or expired if it would take liquidity
    "GTD",  # rests until a date, then expires
]
#: The price that triggers a conditional order: CONTRACT_PRICE = the last trade, MARK_PRICE = the mark price.
WorkingType = Literal["CONTRACT_PRICE", "MARK_PRICE"]
#: BOTH in one-way mode, LONG and SHORT in hedge mode.
PositionSide = Literal["BOTH", "LONG", "SHORT"]
#: Where an order of the book stands at the exchange. EXPIRED_IN_MATCH: self-trade prevention ended it.
BookOrderStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"]
#: Where a conditional order stands. TRIGGERING: its child order is being placed; TRIGGERED: the child works; FINISHED: the
#: child is filled or over.
ConditionalOrderStatus = Literal["NEW", "TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "REJECTED", "EXPIRED"]
#: Where an order stands for the services, which see a conditional order and its child as one.
OrderStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]
#: Where an order of either book stands, as the exchange port states it; EXPIRED_IN_MATCH is EXPIRED there.
AnyOrderStatus = Literal[OrderStatus, "TRIGGERING", "TRIGGERED", "FINISHED"]


def reduces_its_leg(side: Side, leg: PositionSide) -> bool:
    """True in hedge mode for what can only make its leg smaller: there side and leg say it, and reduceOnly is refused."""
    return (side, leg) in (("SELL", "LONG"), ("BUY", "SHORT"))
