"""Encodes what a lane writes into the store: handled messages and snapshots of its state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from shared.bus.codec import decode
from shared.domain.message import Message


class LaneSnapshot(msgspec.Struct, frozen=True):
    """A lane's state. seen: ids of the newest handled messages, oldest first; core: the core's snapshot; stamp: its time."""

    seen: list[str]
    core: bytes
    stamp: int = 0


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    type: str
    version: int
    body: bytes
    stamp: int | None = None  # the time at which it was handled, ms; entries of older versions have none


_ENTRY: Final = msgspec.msgpack.Decoder(_Entry)
_SNAPSHOT: Final = msgspec.msgpack.Decoder(LaneSnapshot)
_encode: Final = msgspec.msgpack.Encoder().encode


def entry(message: Message, body: bytes, stamp: int) -> bytes:
    """Encode a handled message; ``body`` as it was received, ``stamp``: the ``now`` that the core was given, UTC ms."""
    return _encode(_Entry(message.TYPE, message.VERSION, body, stamp))


def logged(raw: bytes) -> tuple[Message, int | None]:
    """Decode an entry: message and stamp. Raises InvalidMessage for one that this version cannot read."""
    found = _ENTRY.decode(raw)
    return decode(found.type, found.version, found.body), found.stamp


def snapshot(seen: Iterable[str], core: bytes, stamp: int) -> bytes:
    """Encode a lane's whole state."""
    return _encode(LaneSnapshot(list(seen), core, stamp))


def snapshot_of(raw: bytes) -> LaneSnapshot:
    """Decode a snapshot."""
    return _SNAPSHOT.decode(raw)
