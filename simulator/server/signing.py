"""Checks a request's API key, HMAC signature, timestamp and recvWindow (docs/binance.md §4.1)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from shared.exchange.error_codes import ErrorCode
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, missing

#: How far a timestamp may be ahead of the server, ms.
_AHEAD: Final = 1_000
#: Default and largest recvWindow: how far a timestamp may be behind the server, ms.
DEFAULT_WINDOW: Final = 5_000
_WIDEST: Final = 60_000
_SIGNATURE: Final = "signature"


def check_key(key: str, keys: Mapping[str, str]) -> str:
    """Return the secret of an API key. Raises Refused: -2014 if ``key`` is empty, -2015 if it is unknown."""
    if not key:
        raise Refused(ErrorCode.BAD_API_KEY_FMT, status=401)
    secret = keys.get(key)
    if secret is None:
        raise Refused(ErrorCode.REJECTED_MBX_KEY, status=401)
    return secret


def check_signature(query: str, body: str, secret: str) -> None:
    """Check the signature over query string and body as sent, less the signature parameter itself.

    What is signed is percent-encoded, so that other characters than ASCII, sent as they are, have no right signature.
    Raises Refused: -1102 if it is missing, -1022 if it is wrong.
    """
    plain_query, in_query = _without_signature(query)
    plain_body, in_body = _without_signature(body)
    payload = plain_query + plain_body
    check_payload(payload, in_query or in_body, secret, encoded=True)


def check_payload(payload: str, signature: str, secret: str, *, encoded: bool = False) -> None:
    """Check the signature over ``payload``. ``encoded``: the payload must be percent-encoded, that is ASCII.

    Raises Refused: -1102 if the signature is missing, -1022 if it is wrong.
    """
    if not signature:
        raise missing(_SIGNATURE)
    right = sign(payload, secret)
    if (encoded and not payload.isascii()) or not hmac.compare_digest(right.encode(), signature.lower().encode()):
        raise Refused(ErrorCode.INVALID_SIGNATURE)


def sign(payload: str, secret: str) -> str:
    """Return the HMAC-SHA256 of ``payload``, hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def check_time(parameters: Parameters, now: int, *, strict: bool = True) -> None:
    """Check that ``timestamp`` lies in the receive window around ``now`` (server time, ms).

    ``strict`` False: it only has to be present. Raises Refused: -1021 outside the window, -1102 if it is missing, -1131 for
    an invalid recvWindow.
    """
    timestamp = parameters.integer("timestamp")
    window = parameters.integer("recvWindow", DEFAULT_WINDOW)
    if not 0 < window <= _WIDEST:
        raise Refused(ErrorCode.BAD_RECV_WINDOW)
    if not strict:
        return
    if timestamp >= now + _AHEAD:
        raise Refused(ErrorCode.INVALID_TIMESTAMP, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - timestamp > window:
        raise Refused(ErrorCode.INVALID_TIMESTAMP)


def _without_signature(text: str) -> tuple[str, str]:
    """Split off the signature parameter: the remaining text, and the signature."""
    kept, found = [], ""
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name == _SIGNATURE:
            found = value
        elif part:
            kept.append(part)
    return "&".join(kept), found
