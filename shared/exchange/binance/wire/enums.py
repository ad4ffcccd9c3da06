"""Binance's words and the port's. Words that nobody knows are refused by name, never guessed. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar, get_args

from shared.domain.decisions import Side
from shared.domain.order_words import AnyOrderType
from shared.exchange.model.orders import Status

T = TypeVar("T")


class Unreadable(Exception):
    """What arrived is not what Binance documents; the text names the field."""


class UnknownValue(Unreadable):
    """A word in a closed field that the exchange does not document."""


_SIDES: Final[dict[str, Side]] = {"BUY": "buy", "SELL": "sell"}
_TYPES: Final[dict[str, AnyOrderType]] = {word: word for word in get_args(AnyOrderType)}
_STATUSES: Final[dict[str, Status]] = {
    **{word: word for word in get_args(Status)},
    "EXPIRED_IN_MATCH": "EXPIRED",
}
#: What the exchange calls the orders with which it closes positions itself: as far done as they are filled.
_LIQUIDATION_STATUSES: Final = frozenset({"NEW_ADL", "NEW_INSURANCE"})


def side_of(word: str) -> Side:
    """Raises UnknownValue."""
    return _lookup(_SIDES, word, "side")


def side_name(side: Side) -> str:
    """For requests."""
    return side.upper()


def order_type(word: str) -> AnyOrderType:
    """Raises UnknownValue."""
    return _lookup(_TYPES, word, "order type")


def status_of(word: str, quantity: Decimal, executed: Decimal) -> Status:
    """Raises UnknownValue."""
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
