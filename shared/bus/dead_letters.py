"""Defines a dead letter (a message that could not be read or handled, with the reason), and shows its body as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgpack

#: The reason when the bus itself dead-letters a message: it was requeued more often than the queue's delivery limit.
DELIVERY_LIMIT: Final = "delivery_limit"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead-lettered message.

    message_id: empty if the message had none.
    topic: the one it was published under; empty if unknown.
    reason: why it was dead-lettered.
    body: as it was received; it may be invalid msgpack.
    """

    message_id: str
    topic: str
    reason: str
    body: bytes


class Unreadable(Exception):
    """The body is not msgpack; the text names the fault."""


def plain(body: bytes) -> Any:
    """Decode a body without its schema, into values that JSON can hold.

    Keys become text, bytes hex, msgpack's extension types their ``str``. Raises Unreadable if the body is not msgpack.
    """
    try:
        return _printable(msgpack.unpackb(body, strict_map_key=False, unicode_errors="backslashreplace"))
    # msgpack's own errors are ValueErrors; a map as a key is a TypeError.
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"not msgpack: {type(error).__name__} {error}".rstrip()) from error


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _printable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
