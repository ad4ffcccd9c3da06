"""Encodes what the driver stores: stamped inputs, how far messages were published, and the whole state. Pure."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from services.execution.inputs import Input
from shared.bus import codec
from shared.domain.message import Message

#: What an entry is.
Kind = Literal[
    "message",  # a message of the bus, or one that the driver made for the core
    "input",  # what the driver received, was answered or asked
    "published",  # the broker has every message up to a number
]


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """A message, encoded. ``number``: of those that the core has made, from 1; 0 = not one of them."""

    number: int
    type: str
    version: int
    body: bytes


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state. core: the core's snapshot. now: last stamp. published: number of the last message that the broker
    has; numbered: of the last one made.

    unpublished: messages that it may not have, oldest first, as far as they are in memory.
    """

    core: bytes
    now: int
    published: int
    numbered: int
    unpublished: tuple[Packed, ...]


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    now: int
    kind: Kind
    type: str
    version: int
    body: bytes


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_ENTRY: Final = msgspec.msgpack.Decoder(_Entry)
_INPUT: Final = msgspec.msgpack.Decoder(Input)
_SAVED: Final = msgspec.msgpack.Decoder(Saved)
_NUMBER: Final = msgspec.msgpack.Decoder(int)


def taken_entry(taken: Message | Input, now: int) -> bytes:
    """Encode an input with its stamp."""
    if isinstance(taken, Message):
        return _ENCODE(_Entry(now, "message", taken.TYPE, taken.VERSION, codec.encode(taken)))
    return _ENCODE(_Entry(now, "input", "", 0, _ENCODE(taken)))


def published_entry(number: int) -> bytes:
    """Encode that the broker has every message up to ``number``."""
    return _ENCODE(_Entry(0, "published", "", 0, _ENCODE(number)))


def read(entry: bytes) -> tuple[Message | Input | int, int]:
    """Decode an entry: an input and its stamp, or the number up to which messages were published, and 0.

    Raises InvalidMessage or msgspec.ValidationError for one that this version cannot read.
    """
    found = _ENTRY.decode(entry)
    if found.kind == "published":
        return _NUMBER.decode(found.body), 0
    if found.kind == "message":
        return codec.decode(found.type, found.version, found.body), found.now
    return _INPUT.decode(found.body), found.now


def pack(message: Message, number: int) -> Packed:
    """Encode a message for the outbox."""
    return Packed(number, message.TYPE, message.VERSION, codec.encode(message))


def unpack(packed: Packed) -> Message:
    """Decode it. Raises InvalidMessage."""
    return codec.decode(packed.type, packed.version, packed.body)


def save(saved: Saved) -> bytes:
    """Encode the whole state."""
    return _ENCODE(saved)


def saved(data: bytes) -> Saved:
    """Decode the whole state."""
    return _SAVED.decode(data)
