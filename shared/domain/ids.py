"""Derives ids from content, so that redelivery, replay and recomputation give the same id again.

No clock and no random source: the same parts give the same id in every process.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

#: Copied for every id: to set a new one up costs more than what it then digests.
_EMPTY: Final = blake2b(digest_size=13)


def derive(*parts: object) -> str:
    """Return a 26-character id of the parts, in order: 104 bits in hex, safe in URLs, queue names and client order ids."""
    digest = _EMPTY.copy()
    digest.update("\x1f".join(map(str, parts)).encode())
    return digest.hexdigest()


def begun(*parts: object) -> blake2b:
    """Begin ids whose first parts are the same, which is most of the work; ``ended`` gives each its last one."""
    digest = _EMPTY.copy()
    digest.update("".join([f"{part}\x1f" for part in parts]).encode())
    return digest


def ended(begun: blake2b, last: object) -> str:
    """Return what ``derive`` returns for the parts that were begun and this last one."""
    digest = begun.copy()
    digest.update(str(last).encode())
    return digest.hexdigest()


def client_order_id(intent_id: str, leg: str) -> str:
    """Return the client order id of one leg (``entry``, ``stop``, ``target``, ``close-1`` …) of an intent.

    Binance accepts up to 36 characters; only ``[A-Za-z0-9._-]`` survive every client library's signing.
    """
    return f"ict-{derive(intent_id, leg)}"
