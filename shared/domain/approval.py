"""Signs what risk approved: execution refuses an intent without the signature (docs/architecture.md, invariant 5)."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from shared.domain.orders import OrderIntent


def sign(intent: OrderIntent, key: str) -> str:
    """Return the HMAC-SHA256 of the whole intent, in hex.

    ``key``: the setting ``approval_key``, which risk and execution share.
    """
    return hmac.new(key.encode(), msgspec.msgpack.encode(intent), hashlib.sha256).hexdigest()


def approved(intent: OrderIntent, signature: str, key: str) -> bool:
    """Return True if ``signature`` was made by ``sign`` for exactly this intent and key."""
    return hmac.compare_digest(sign(intent, key), signature)
