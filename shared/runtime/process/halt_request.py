"""The request that stops entries over HTTP: its path, and its signature by a secret that both sides have.

It can only stop entries, which a person starts again; so its signature holds for a minute, and a repeat is harmless.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

PATH: Final = "/halt"
HEADER: Final = "X-Ict-Halt"
#: Time for which a signature holds, ms, in both directions.
_VALID_MS: Final = 60_000
_PROOF: Final = re.compile(r"(\d{1,15})\.([0-9a-f]{64})", re.ASCII)


def signed(secret: str, at_ms: int, body: bytes) -> str:
    """Return the header of a request with this body, made at ``at_ms`` (UTC ms)."""
    digest = hmac.new(secret.encode(), b"halt\n%d\n" % at_ms + body, "sha256").hexdigest()
    return f"{at_ms}.{digest}"


def fault_of(header: str, secret: str, now_ms: int, body: bytes) -> str:
    """Return what is wrong with a request, as a sentence; empty if it is to be obeyed."""
    found = _PROOF.fullmatch(header)
    if found is None:
        return f"the header {HEADER} is missing or malformed"
    at = int(found[1])
    if not hmac.compare_digest(signed(secret, at, body), header):
        return "the signature is wrong: guardian.halt_secret differs between guardian and execution"
    if abs(now_ms - at) > _VALID_MS:
        return "the signature is older than a minute, or from the future: compare the clocks of both machines"
    return ""
