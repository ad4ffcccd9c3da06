"""What stands in a dead-letter queue: messages that nobody could read or handle, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgpack

#: The reason under which the bus itself dead-letters a message: it was given back more often than its queue allows.
DELIVERY_LIMIT: Final = "delivery_limit"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead-lettered message. ``topic`` is where it was published; ``body`` is as it was received, readable or not."""

    message_id: str
    topic: str
    reason: str
    body: bytes


class Unreadable(Exception):
    """The body is not msgpack; the text says where it breaks."""


def plain(body: bytes) -> Any:
    """Decode a body without its schema, into what JSON can hold.

    Keys become text; bytes and msgpack's extension types become text. Raises Unreadable.
    """
    try:
        return _printable(msgpack.unpackb(body, strict_map_key=False, unicode_errors="backslashreplace"))
    except (ValueError, TypeError, RecursionError) as error:  # msgpack's own errors are ValueErrors; a map as key: TypeError
        raise Unreadable(f"not msgpack: {type(error).__name__} {error}".rstrip()) from error


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _printable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
