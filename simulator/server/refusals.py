"""Errors that the server returns before a request reaches the matching core: code, text, status (docs/binance.md §4.8)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES


class Refused(Exception):
    """Raised to answer a request with an error: HTTP ``status`` and the body ``{"code", "msg"}``.

    message: empty = the text of the exchange's error table.
    """

    def __init__(self, code: int, message: str = "", status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.message = message or RULES[code].text
        super().__init__(f"{code}: {self.message}")
        self.status = status
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, object]:
        """Return the JSON body, as Binance writes it."""
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> Refused:
    """Return the error -1102: the mandatory parameter ``name`` was not sent."""
    return _about(ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED, name)


def malformed_number(name: str) -> Refused:
    """Return the error -1100: the parameter ``name`` is no plain decimal number."""
    return _about(ErrorCode.ILLEGAL_CHARS, name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")


def doubled(name: str) -> Refused:
    """Return the error -1101: the parameter ``name`` was sent twice."""
    return Refused(ErrorCode.TOO_MANY_PARAMETERS, f"Duplicate values for parameter '{name}' detected.")


def not_required(name: str) -> Refused:
    """Return the error -1106: the parameter ``name`` was sent, and this kind of order takes none."""
    return _about(ErrorCode.PARAM_NOT_REQUIRED, name)


def illegal(name: str, value: str) -> Refused:
    """Return the error -1130: the parameter ``name`` may not have this value."""
    return Refused(ErrorCode.INVALID_PARAMETER, f"Data sent for parameter '{name}' is not valid: {value!r}.")


def bad_symbol() -> Refused:
    """Return the error -1121: the symbol is not traded here."""
    return Refused(ErrorCode.BAD_SYMBOL)


def bad_listen_key() -> Refused:
    """Return the error -1125: there is no valid listen key."""
    return Refused(ErrorCode.INVALID_LISTEN_KEY)


def _about(code: ErrorCode, *values: str) -> Refused:
    return Refused(code, RULES[code].text_of(*values))
