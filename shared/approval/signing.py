"""Signs with Ed25519 and verifies. What is signed is bound to its kind, mode, namespace and account.

The signed bytes are the msgpack array ``[domain, mode, namespace, account, content]``, with the content's own msgpack as
bytes. ``domain`` names what is signed, and the version of this layout. A signature of another kind of content,
another mode, another deployment or another account therefore does not pass, and neither does one of any other content.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.approval.key_text import from_text, to_text

#: What risk signs: an ``OrderIntent``. Its close time and expiry are part of the content.
INTENT: Final = "ict/intent/1"
#: What an operator signs: a ``Control`` without its signature. Its time of sending is part of the content.
COMMAND: Final = "ict/command/1"
#: What risk signs to have entries ended, or everything closed: a ``RiskOrder`` without its signature.
RISK_ORDER: Final = "ict/risk_order/1"

#: Characters of every signature: 64 bytes as base64url without padding.
SIGNATURE_LENGTH: Final = 86


@dataclass(frozen=True, slots=True)
class Realm:
    """Where a signature holds: the mode, the namespace of the deployment, and the account's name."""

    mode: str
    namespace: str
    account: str


class KeyPair(NamedTuple):
    """A private key and its public key, as text of the settings."""

    private: str
    public: str


def new_pair() -> KeyPair:
    """Make a pair from the operating system's randomness."""
    private = to_text("private", Ed25519PrivateKey.generate().private_bytes_raw())
    return KeyPair(private, public_key_of(private))


def public_key_of(private_key: str) -> str:
    """Return the public key of a private one. Raises ValueError for text that is no private key."""
    private = Ed25519PrivateKey.from_private_bytes(from_text("private", private_key))
    return to_text("public", private.public_key().public_bytes_raw())


class Signer:
    """Signs one kind of content. Raises ValueError for text that is no private key."""

    def __init__(self, private_key: str, realm: Realm, domain: str = INTENT) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(from_text("private", private_key))
        self._realm = realm
        self._domain = domain

    def of(self, domain: str) -> Signer:
        """Return what signs another kind of content with the same key, in the same realm."""
        signer = object.__new__(Signer)
        signer._key, signer._realm, signer._domain = self._key, self._realm, domain
        return signer

    def sign(self, content: msgspec.Struct) -> str:
        """Return the signature as text of 86 characters. The same content has the same signature in every process."""
        signature = self._key.sign(_signed(content, self._realm, self._domain))
        return base64.urlsafe_b64encode(signature).decode().rstrip("=")


class Verifier:
    """Verifies one kind of content. Raises ValueError for text that is no public key."""

    def __init__(self, public_key: str, realm: Realm, domain: str = INTENT) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(from_text("public", public_key))
        self._realm = realm
        self._domain = domain

    def of(self, domain: str) -> Verifier:
        """Return what verifies another kind of content with the same key, in the same realm."""
        verifier = object.__new__(Verifier)
        verifier._key, verifier._realm, verifier._domain = self._key, self._realm, domain
        return verifier

    def approved(self, content: msgspec.Struct, signature: str) -> bool:
        """Return True if the signer of this realm signed exactly this content. Whatever else the text is: False."""
        raw = _signature(signature)
        if raw is None:
            return False
        try:
            self._key.verify(raw, _signed(content, self._realm, self._domain))
        except InvalidSignature:
            return False
        return True


def _signed(content: msgspec.Struct, realm: Realm, domain: str) -> bytes:
    encode = msgspec.msgpack.encode
    return encode((domain, realm.mode, realm.namespace, realm.account, encode(_fields(content))))


def _fields(content: msgspec.Struct) -> msgspec.Struct | dict[str, object]:
    """Return what of the content is signed: all but a field of ``SIGNED_WHEN_SET`` that has its default.

    So what an earlier release signed, which did not have that field, has the same signature.
    """
    absent = [name for name, default in getattr(content, "SIGNED_WHEN_SET", ()) if getattr(content, name) == default]
    if not absent:
        return content
    return {name: getattr(content, name) for name in content.__struct_fields__ if name not in absent}


def _signature(text: str) -> bytes | None:
    """Return the bytes of a signature; None for text that ``Signer.sign`` cannot have written."""
    if len(text) != SIGNATURE_LENGTH or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "==")
    except (binascii.Error, ValueError):
        return None
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == text else None
