"""Converts between Binance's enum words and the port's; an unknown word raises UnknownValue with its name. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar, get_args

from shared.domain.order_words import AnyOrderStatus, AnyOrderType, Side

T = TypeVar("T")


class Unreadable(Exception):
    """Raised for an answer or frame that is not as Binance documents it; the text names the field."""


class UnknownValue(Unreadable):
    """Raised for an enum word that Binance does not document; the text names field and word."""


_SIDES: Final[dict[str, Side]] = {word: word for word in get_args(Side)}
_TYPES: Final[dict[str, AnyOrderType]] = {word: word for word in get_args(AnyOrderType)}
_STATUSES: Final[dict[str, AnyOrderStatus]] = {
    **{word: word for word in get_args(AnyOrderStatus)},
    "EXPIRED_IN_MATCH": "EXPIRED",
}
#: Statuses of the orders with which Binance itself closes positions; the port's status follows from the filled quantity.
_LIQUIDATION_STATUSES: Final = frozenset({"NEW_ADL", "NEW_INSURANCE"})


def side_of(word: str) -> Side:
    """Check that ``word`` is BUY or SELL and return it. Raises UnknownValue for another word."""
    return _lookup(_SIDES, word, "side")


def order_type(word: str) -> AnyOrderType:
    """Check that ``word`` is an order type and return it. Raises UnknownValue for another word."""
    return _lookup(_TYPES, word, "order type")


def status_of(word: str, quantity: Decimal, executed: Decimal) -> AnyOrderStatus:
    """Convert Binance's order status to the port's. Raises UnknownValue for another word.

    quantity, executed: ordered and filled, base currency; they decide for orders by which Binance closes a position.
    """
    if word in _LIQUIDATION_STATUSES:
        if executed >= quantity:
            return "FILLED"
        return "PARTIALLY_FILLED" if executed else "NEW"
    return _lookup(_STATUSES, word, "order status")


def _lookup(table: dict[str, T], word: str, what: str) -> T:
    try:
        return table[word]
    except KeyError:
        raise UnknownValue(f"{what} {word!r} is not one that the exchange documents") from None
