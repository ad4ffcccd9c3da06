"""Whose a position at the model exchange is: legs by name, and what of each orders of ours opened."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.execution.state import LEGS
from shared.domain.order_words import PositionSide, reduces_its_leg
from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import ExchangeOrder, NewOrder

if TYPE_CHECKING:
    from tests.support.execution.exchange import ModelExchange

ZERO = Decimal(0)


def leg_name(symbol: str, leg: PositionSide = "BOTH") -> str:
    """The key of a leg at the model exchange: in one-way mode the symbol alone."""
    return symbol if leg == "BOTH" else f"{symbol}:{leg}"


def symbol_and_leg(name: str) -> tuple[str, PositionSide]:
    """The reverse of ``leg_name``."""
    symbol, _, word = name.partition(":")
    return symbol, next((leg for leg in LEGS if leg == word), "BOTH")


def name_of(order: NewOrder | ExchangeOrder) -> str:
    """The key of the leg that an order trades in."""
    return leg_name(order.symbol, order.position_side)


def only_reduces(order: NewOrder | ExchangeOrder) -> bool:
    """It never opens anything: it says so, or in hedge mode its leg does."""
    return order.reduce_only or reduces_its_leg(order.side, order.position_side)


def against_the_mode(order: NewOrder, *, hedge: bool) -> int:
    """The code with which an order of the other position mode is refused (docs/binance.md §5.1); 0 = it fits."""
    if hedge != (order.position_side != "BOTH"):
        return int(ErrorCode.POSITION_SIDE_NOT_MATCH)
    if hedge and order.reduce_only:
        return int(ErrorCode.PARAM_NOT_REQUIRED)
    if hedge and order.close_position and not only_reduces(order):
        return int(ErrorCode.REDUCE_ONLY_REJECT)
    return 0


def over_its_leg(order: NewOrder, held: Decimal) -> bool:
    """In hedge mode nothing caps an order that closes a leg: one of more than the leg holds is refused."""
    return order.position_side != "BOTH" and (order.quantity or ZERO) > abs(held)


def attribute(exchange: ModelExchange, order: ExchangeOrder, held: Decimal, signed: Decimal) -> None:
    """Keep what of a position is ours, when ``held`` changes by ``signed``: others' reductions take others' part first."""
    name, mine = name_of(order), order.client_id.startswith(("ict", "child"))
    ours = exchange.ours.get(name, ZERO)
    if held * signed >= 0:
        exchange.ours[name] = ours + (signed if mine else ZERO)
        return
    beyond = min(abs(signed), abs(held)) - abs(ours)
    if order.client_id.startswith("icte") and order.type == "MARKET":
        exchange.beyond[name] = exchange.beyond.get(name, ZERO) + max(ZERO, beyond)
    after = held + signed
    if order.client_id.startswith(("icte", "child")) and beyond > 0 and not order.close_position:
        exchange.sold_of_others.append((order.symbol, order.client_id, beyond))
    if after * held <= 0:
        exchange.ours[name] = after if mine else ZERO
    elif mine:
        exchange.ours[name] = ours + signed if abs(ours) > abs(signed) else ZERO
    elif abs(ours) > abs(after):
        exchange.ours[name] = after
