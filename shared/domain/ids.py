"""Ids derived from content, so that redelivery, replay and recomputation meet the id they made before.

Nothing here reads a clock or a random source: the same parts give the same id in every process, for ever.
"""

from __future__ import annotations

import hashlib


def derive(*parts: object) -> str:
    """A 26-character id of the parts, in order: 104 bits in hex, safe in URLs, queue names and client order ids."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=13).hexdigest()


def client_order_id(intent_id: str, leg: str) -> str:
    """The exchange's client id of one leg (``entry``, ``stop``, ``target``, ``close-1`` …) of an intent (EXEC-2).

    Binance accepts up to 36 characters; only ``[A-Za-z0-9._-]`` survive every client library's signing.
    """
    return f"ict-{derive(intent_id, leg)}"
