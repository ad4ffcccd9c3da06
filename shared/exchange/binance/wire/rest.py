"""Decodes Binance's REST answers: what all of them share, and the small ones. Pure.

A field without a default is mandatory: an answer without it raises Unreadable, which names the field. Fields of the answer
that a type does not have are ignored. Money arrives as decimal strings and becomes Decimal, never a float. The other
answers are in ``market_data``, ``orders`` and ``account``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from shared.exchange.binance.wire.enums import Unreadable

T = TypeVar("T")


_ZERO: Final = Decimal(0)


def decode(body: bytes | str, shape: type[T]) -> T:
    """Decode an answer as ``shape``. Raises Unreadable if it is not JSON or has other fields or types."""
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except msgspec.DecodeError as error:  # base of msgspec.ValidationError
        raise Unreadable(f"{getattr(shape, '__name__', shape)}: {error}") from error


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the answers whose fields Binance names in camel case."""


class ServerTime(Wire, frozen=True, kw_only=True):
    """The answer of GET time, UTC ms."""

    server_time: int


def number_or_zero(value: str | None) -> Decimal:
    """Convert a decimal string; an empty string or null becomes 0. Raises Unreadable if it is no number."""
    try:
        return Decimal(value) if value else _ZERO
    except ArithmeticError as error:
        raise Unreadable(f"{value!r} is not a number") from error


def id_or_zero(value: int | str | None) -> int:
    """Convert an id; an empty string or null becomes 0. Raises Unreadable if it is no whole number."""
    try:
        return int(value) if value else 0
    except ValueError as error:
        raise Unreadable(f"{value!r} is not an id") from error


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The answer ``{code, msg}`` of changes of settings and of mass cancels."""

    code: int | str = 200
    msg: str = ""


class ListenKey(Wire, frozen=True, kw_only=True):
    """The answer of POST listenKey."""

    listen_key: str


class KeptListenKey(Wire, frozen=True, kw_only=True):
    """The answer of PUT listenKey; empty if the answer does not repeat the key, as older ones did not."""

    listen_key: str = ""
