"""Reads the parameters of one request and converts them to types; the query string wins over the body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from shared.exchange.error_codes import ErrorCode
from simulator.server.refusals import Refused, illegal, missing

_Word = TypeVar("_Word", bound=str)
#: Longest number accepted, in characters. Longer ones are refused before any arithmetic on them.
_LONGEST_NUMBER: Final = 40
#: Plain decimal notation. Python's Decimal() would also accept 1_000, spaces and non-ASCII digits.
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Parameters:
    """The parameters of one request by name. Reading one that is missing or malformed raises Refused."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @classmethod
    def of(cls, query: str, body: str = "") -> Parameters:
        """Parse a query string and a urlencoded body."""
        values = dict(parse_qsl(body, keep_blank_values=True))
        values.update(parse_qsl(query, keep_blank_values=True))
        return cls(values)

    def __contains__(self, name: object) -> bool:
        return bool(isinstance(name, str) and self._values.get(name))

    def text(self, name: str, default: str | None = None) -> str:
        """Return the value as it was sent; ``default`` if it was not sent. Raises Refused -1102 without a default."""
        value = self._values.get(name) or default
        if value is None:
            raise missing(name)
        return value

    def optional(self, *names: str) -> str | None:
        """Return the value of the first of these names that was sent; None if none was."""
        return next((self._values[name] for name in names if self._values.get(name)), None)

    def word(self, name: str, allowed: Sequence[_Word], default: _Word | None = None) -> _Word:
        """Return the value; ``default`` if it was not sent. Raises Refused: -1130 unless it is one of ``allowed``."""
        value = self._values.get(name) or default
        if value is None:
            raise missing(name)
        for each in allowed:
            if each == value:
                return each
        raise illegal(name, value)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number; ``default`` if it was not sent. Raises Refused -1102 if malformed or without default."""
        value = self._values.get(name)
        if not value:
            if default is None:
                raise missing(name)
            return default
        if len(value) > _LONGEST_NUMBER or not value.removeprefix("-").isdecimal() or not value.isascii():
            raise Refused(
                ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
                f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
            )
        return int(value)

    def maybe_integer(self, name: str) -> int | None:
        """Return a whole number; None if it was not sent."""
        return self.integer(name) if name in self else None

    def number(self, name: str) -> Decimal | None:
        """Return a decimal number; None if it was not sent. Raises Refused -1102 if it is malformed."""
        value = self._values.get(name)
        if not value:
            return None
        if len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value):
            raise missing(name)
        number = Decimal(value)
        if abs(number.adjusted()) > _LONGEST_NUMBER:
            raise missing(name)
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean, sent as ``true`` or ``false`` in upper or lower case; ``default`` if it was not sent."""
        value = (self._values.get(name) or str(default)).lower()
        if value not in ("true", "false"):
            raise illegal(name, value)
        return value == "true"
