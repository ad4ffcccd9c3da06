"""Ids derived from content, so that redelivery, replay and recomputation meet the id they made before.

Nothing here reads a clock or a random source: the same parts give the same id in every process, for ever.
"""

from __future__ import annotations

import base64
import hashlib


def derive(*parts: object) -> str:
    """A 26-character lower-case id of the parts, in order; 128 bits, safe in URLs, queue names and client order ids."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def client_order_id(intent_id: str, leg: str) -> str:
    """The exchange's client id of one leg (``entry``, ``stop``, ``target``, ``close-1`` …) of an intent (EXEC-2).

    Binance accepts up to 36 characters; only ``[A-Za-z0-9._-]`` survive every client library's signing.
    """
    return f"ict-{derive(intent_id, leg)}"
