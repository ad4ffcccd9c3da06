"""Defines a dead letter (a message that could not be read or handled, with the reason), and shows its body as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgpack

#: The reason when the bus itself dead-letters a message: it was requeued more often than the queue's delivery limit.
DELIVERY_LIMIT: Final = "delivery_limit"


#: Bytes kept of a parked body. A bundle of 64 symbols with all their facts is about 300 KB and can still be put back.
PARKED_BYTES: Final = 512 * 1024


def kept(body: bytes) -> tuple[bytes, str]:
    """Return what is parked of a body, and of a longer one what it was: its size and hash; empty for a whole one."""
    if len(body) <= PARKED_BYTES:
        return body, ""
    return body[:PARKED_BYTES], f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead-lettered message.

    message_id: empty if the message had none.
    topic: the one it was published under; empty if unknown.
    reason: why it was dead-lettered.
    body: as it was received; it may be invalid msgpack.
    cut_from: size and hash of the whole body if only its beginning was kept; such a message cannot be put back.
    """

    message_id: str
    topic: str
    reason: str
    body: bytes
    cut_from: str = ""


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
