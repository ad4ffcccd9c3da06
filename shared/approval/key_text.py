"""Keys as text of the settings, and the simulation's pair, which is published here. Nothing here computes with a key."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal

KeyKind = Literal["private", "public"]

#: A private key set in the place of a public one would be shown to everybody; its first word says which it is.
_PREFIX: Final[dict[KeyKind, str]] = {"private": "ict-private-", "public": "ict-public-"}
_BYTES: Final = 32

#: The pair of modes sim and paper when none is set. Everybody knows it, so modes testnet and live refuse it.
SIM_PRIVATE_KEY: Final = "ict-private-KMH727w0ECrk9JdtiL--7WTPw8Vl_PQfr7OvcPYPsJ4"
SIM_PUBLIC_KEY: Final = "ict-public--tliMZQUsbdeCRYs_mPg5jykCxc7aezhdMSMCmDK4ic"
#: The operator's pair there, as well known and as well refused.
SIM_OPERATOR_PRIVATE_KEY: Final = "ict-private-QzUy9PaoGAOMzUycxHDBTmuZQD_8Fjfy4dCbgdDFOnw"
SIM_OPERATOR_PUBLIC_KEY: Final = "ict-public-ovdcXSqObdsWnWVFobWOSk_DjUQAjatXu-F9XjtB5bw"


def to_text(kind: KeyKind, raw: bytes) -> str:
    """Write a key of 32 bytes as text: ``ict-public-`` and base64url."""
    return _PREFIX[kind] + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_text(kind: KeyKind, text: str) -> bytes:
    """Read the 32 bytes of a key. Raises ValueError for anything that ``to_text`` does not write; it repeats no key."""
    prefix = _PREFIX[kind]
    if not text.startswith(prefix):
        other = next((name for name, start in _PREFIX.items() if text.startswith(start)), None)
        found = f"is a {other} key" if other is not None else f"does not begin with {prefix}"
        raise ValueError(f"{found}: a {kind} key is wanted; `ict keys new` makes a pair")
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(prefix) + "=")
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BYTES or to_text(kind, raw) != text:
        raise ValueError(f"is no {kind} key: it is cut off or mistyped; `ict keys new` makes a pair")
    return raw
