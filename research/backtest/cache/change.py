"""One analysis as the cache holds it."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.domain.facts import Fact


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One analysis. new: facts that did not stand in the one before. events, active: places, 16 bits each.

    A place counts through the active facts of the analysis before, and then through ``new``. active: None = as before.
    """

    trend: int
    atr: float
    new: tuple[Fact, ...] = ()
    events: bytes = b""
    active: bytes | None = None


encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(list[Change]).decode
