"""What many jobs share (candles, above all) in pieces: each large array by its hash, the rest as a small pickle.

A piece that is somewhere already need not be sent there again, and who receives one can check it.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Piece = NDArray[np.uint8]


class Damaged(Exception):
    """A piece that arrived is not the one that was sent."""


class Shared(NamedTuple):
    """An object in pieces. small: its pickle without them. hashes: SHA-256 of each piece, in their order."""

    small: bytes
    hashes: tuple[str, ...]

    @property
    def key(self) -> str:
        """The hash of the whole."""
        return hashlib.sha256(self.small + "".join(self.hashes).encode()).hexdigest()


def taken_apart(whole: object, keep: Callable[[str, Piece], None]) -> Shared:
    """Take an object apart; ``keep`` is called with the hash and the bytes of each piece. Raises what pickle raises."""
    pieces: list[pickle.PickleBuffer] = []
    small = pickle.dumps(whole, protocol=5, buffer_callback=pieces.append)
    hashes = []
    for each in pieces:
        piece = np.frombuffer(each.raw(), dtype=np.uint8)
        hashes.append(_hash(piece))
        keep(hashes[-1], piece)
    return Shared(small, tuple(hashes))


def put_together(shared: Shared, pieces: Sequence[Piece]) -> Any:
    """Put it together; its arrays are views of the pieces. Raises Damaged, and what pickle raises."""
    for expected, piece in zip(shared.hashes, pieces, strict=True):
        if _hash(piece) != expected:
            raise Damaged(f"the hash of {len(piece):,} bytes is not the one they were sent under")
    return pickle.loads(shared.small, buffers=pieces)  # noqa: S301  our own


def _hash(piece: Piece) -> str:
    return hashlib.sha256(piece.data).hexdigest()
