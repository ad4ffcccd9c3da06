"""Binance's REST answers: what every kind of them shares. Pure.

A field without a default is mandatory: an answer without it is refused with its name. Fields that are not named are ignored.
Decimals are strings on the wire and never become floats where they are money. The answers themselves stand in
``wire_market``, ``wire_orders`` and ``wire_account``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from shared.exchange.binance.wire.enums import Unreadable

T = TypeVar("T")


_ZERO: Final = Decimal(0)


def decode(body: bytes | str, shape: type[T]) -> T:
    """The answer in the given shape. Raises Unreadable."""
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except msgspec.DecodeError as error:  # ValidationError is one
        raise Unreadable(f"{getattr(shape, '__name__', shape)}: {error}") from error


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names as on the wire: camel case."""


class ServerTime(Wire, frozen=True, kw_only=True):
    """GET time."""

    server_time: int


def number_or_zero(value: str | None) -> Decimal:
    """A decimal, where the wire has an empty string or null for none. Raises Unreadable."""
    try:
        return Decimal(value) if value else _ZERO
    except ArithmeticError as error:
        raise Unreadable(f"{value!r} is not a number") from error


def id_or_zero(value: int | str | None) -> int:
    """An id, where the wire has an empty string or null for none. Raises Unreadable."""
    try:
        return int(value) if value else 0
    except ValueError as error:
        raise Unreadable(f"{value!r} is not an id") from error


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """``{code, msg}``, the answer of settings and of mass cancels."""

    code: int | str = 200
    msg: str = ""


class ListenKey(Wire, frozen=True, kw_only=True):
    """POST listenKey."""

    listen_key: str


class KeptListenKey(Wire, frozen=True, kw_only=True):
    """PUT listenKey; older answers were empty."""

    listen_key: str = ""
