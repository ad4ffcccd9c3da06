"""A hash tree over contents that are signed together: one signature for all, and for each the path that leads to it. Pure.

Each content stands for itself: with its own path and the one signature it is verified without the others, so that one that
was altered, left out or added changes nothing for those beside it. Leaves and nodes are hashed with different first bytes
(as in RFC 6962), so that no node passes for a content.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

#: Most contents that are signed together: more than a message holds.
MOST: Final = 1 << 14
#: Bytes of a hash, and of the word in which bit n says that the n-th hash of a path stands on the left.
_HASH: Final = 32
_SIDES: Final = 2
#: Longest path, bytes.
LONGEST: Final = _SIDES + 14 * _HASH


def leaf(content: bytes) -> bytes:
    """Return the hash of one content."""
    return sha256(b"\x00" + content).digest()


def grow(leaves: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the root over ``leaves``, and the path of each to it. Raises ValueError for one, and for too many."""
    if not 2 <= len(leaves) <= MOST:
        raise ValueError(f"{len(leaves)} contents cannot be signed together")
    sides, hashes = [0] * len(leaves), [list[bytes]() for _ in leaves]
    level = [(digest, range(at, at + 1)) for at, digest in enumerate(leaves)]
    while len(level) > 1:
        above = []
        for (left, of_left), (right, of_right) in zip(level[::2], level[1::2], strict=False):
            for at in of_left:
                hashes[at].append(right)
            for at in of_right:
                sides[at] |= 1 << len(hashes[at])
                hashes[at].append(left)
            above.append((_node(left, right), range(of_left.start, of_right.stop)))
        if len(level) % 2:
            above.append(level[-1])  # it has no neighbour here: it goes on as it is
        level = above
    paths = [side.to_bytes(_SIDES, "big") + b"".join(mine) for side, mine in zip(sides, hashes, strict=True)]
    return level[0][0], paths


def root_of(digest: bytes, path: bytes) -> bytes | None:
    """Return the root to which a leaf's path leads; None for what ``grow`` cannot have made."""
    count, rest = divmod(len(path) - _SIDES, _HASH)
    if rest or not count > 0 or len(path) > LONGEST:
        return None
    sides = int.from_bytes(path[:_SIDES], "big")
    if sides >> count:
        return None
    for at in range(count):
        other = path[_SIDES + at * _HASH : _SIDES + (at + 1) * _HASH]
        digest = _node(other, digest) if sides >> at & 1 else _node(digest, other)
    return digest


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
