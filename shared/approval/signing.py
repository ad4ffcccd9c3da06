"""Signs with Ed25519 and verifies. What is signed is bound to its kind, mode, namespace and account.

The signed bytes are the msgpack array ``[domain, mode, namespace, account, content]``, with the content's own msgpack as
bytes. ``domain`` names what is signed, and the version of this layout. A signature of another kind of content,
another mode, another deployment or another account therefore does not pass, and neither does one of any other content.

Contents that are signed together have one signature, of the root of a hash tree over them (``shared.approval.tree``), under
a domain of its own. The text of each is that signature, a dot and its path to the root: it is verified by itself, and the
signature is computed once for all. Alone, or together, a content is bound to the same things.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.approval import tree
from shared.approval.key_text import from_text, to_text

#: What risk signs: an ``OrderIntent``. Its close time and expiry are part of the content.
INTENT: Final = "ict/intent/1"
#: What an operator signs: a ``Control`` without its signature. Its time of sending is part of the content.
COMMAND: Final = "ict/command/1"
#: What risk signs to have entries ended, or everything closed: a ``RiskOrder`` without its signature.
RISK_ORDER: Final = "ict/risk_order/1"

#: Characters of the signature of one content: 64 bytes as base64url without padding.
SIGNATURE_LENGTH: Final = 86
#: Between signature and path, and the most characters of both.
_DOT: Final = "."
LONGEST_SIGNATURE: Final = SIGNATURE_LENGTH + 1 + (tree.LONGEST * 4 + 2) // 3
#: What is signed of contents that are signed together is of this domain.
_TOGETHER: Final = "/together"

#: The two characters of base64 that URLs have others for.
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_ENCODE: Final = msgspec.msgpack.Encoder().encode


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
        return _text(self._key.sign(_signed(content, self._realm, self._domain)))

    def sign_together(self, contents: Sequence[msgspec.Struct]) -> list[str]:
        """Return a signature for each, by one operation of the key. One content has that of ``sign``.

        Raises ValueError for more than ``tree.MOST``.
        """
        if len(contents) < 2:
            return [self.sign(each) for each in contents]
        leaves = [tree.leaf(_signed(each, self._realm, self._domain)) for each in contents]
        root, paths = tree.grow(leaves)
        signature = _text(self._key.sign(_bound(root, self._realm, self._domain + _TOGETHER)))
        return [f"{signature}{_DOT}{_text(path)}" for path in paths]


class Verifier:
    """Verifies one kind of content. Raises ValueError for text that is no public key."""

    def __init__(self, public_key: str, realm: Realm, domain: str = INTENT) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(from_text("public", public_key))
        self._realm = realm
        self._domain = domain
        self._passed: tuple[bytes, str] | None = None

    def of(self, domain: str) -> Verifier:
        """Return what verifies another kind of content with the same key, in the same realm."""
        verifier = object.__new__(Verifier)
        verifier._key, verifier._realm, verifier._domain, verifier._passed = self._key, self._realm, domain, None
        return verifier

    def approved(self, content: msgspec.Struct, signature: str) -> bool:
        """Return True if the signer of this realm signed exactly this content. Whatever else the text is: False."""
        signed = _signed(content, self._realm, self._domain)
        if len(signature) == SIGNATURE_LENGTH:
            raw = _raw(signature)
            return raw is not None and self._verifies(raw, signed)
        if len(signature) > LONGEST_SIGNATURE or signature[SIGNATURE_LENGTH : SIGNATURE_LENGTH + 1] != _DOT:
            return False
        path = _raw(signature[SIGNATURE_LENGTH + 1 :])
        root = tree.root_of(tree.leaf(signed), path) if path is not None else None
        return root is not None and self._is_root(root, signature[:SIGNATURE_LENGTH])

    def _is_root(self, root: bytes, signature: str) -> bool:
        """The signature is of this root. The last one that passed is remembered: the others of its bundle follow."""
        if self._passed == (root, signature):
            return True
        raw = _raw(signature)
        if raw is None or not self._verifies(raw, _bound(root, self._realm, self._domain + _TOGETHER)):
            return False
        self._passed = (root, signature)
        return True

    def _verifies(self, raw: bytes, signed: bytes) -> bool:
        try:
            self._key.verify(raw, signed)
        except InvalidSignature:
            return False
        return True


def _signed(content: msgspec.Struct, realm: Realm, domain: str) -> bytes:
    return _bound(_ENCODE(_fields(content)), realm, domain)


def _bound(content: bytes, realm: Realm, domain: str) -> bytes:
    return _ENCODE((domain, realm.mode, realm.namespace, realm.account, content))


def _fields(content: msgspec.Struct) -> msgspec.Struct | dict[str, object]:
    """Return what of the content is signed: all but a field of ``SIGNED_WHEN_SET`` that has its default.

    So what an earlier release signed, which did not have that field, has the same signature.
    """
    kind = type(content)
    later: tuple[tuple[str, object], ...] = getattr(kind, "SIGNED_WHEN_SET", ())
    absent = tuple([name for name, default in later if getattr(content, name) == default])
    if not absent:
        return content
    names, values = _without(kind, absent)
    return dict(zip(names, values(content), strict=True))


@cache
def _without(kind: type[msgspec.Struct], absent: tuple[str, ...]) -> tuple[tuple[str, ...], attrgetter[tuple[object, ...]]]:
    """Return the fields that are left, and what reads them all."""
    names = tuple([name for name in kind.__struct_fields__ if name not in absent])
    return names, attrgetter(*names)


def _text(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def _raw(text: str) -> bytes | None:
    """Return the bytes of a text; None for one that ``_text`` cannot have written."""
    if not text.isascii():
        return None
    try:
        raw = binascii.a2b_base64(text.encode().translate(_FROM_URL) + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if _text(raw) == text else None
