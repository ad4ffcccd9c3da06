"""The mark that only the risk gate can make: nothing without it reaches an exchange (docs/architecture.md, invariant 5)."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from shared.domain.orders import OrderIntent


def sign(intent: OrderIntent, key: str) -> str:
    """HMAC-SHA256 of the whole intent under the key that risk and execution share."""
    return hmac.new(key.encode(), msgspec.msgpack.encode(intent), hashlib.sha256).hexdigest()


def approved(intent: OrderIntent, signature: str, key: str) -> bool:
    """True when ``signature`` was made by ``sign`` for exactly this intent."""
    return hmac.compare_digest(sign(intent, key), signature)
