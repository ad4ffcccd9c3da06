"""Reads the parameters of one request and converts them to types; the query string wins over the body."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from simulator.server.refusals import doubled, illegal, malformed_number, missing

_Word = TypeVar("_Word", bound=str)
#: Whole numbers are those of 64 bits, as on the exchange.
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_LARGEST: Final = 2**63 - 1
#: The exchange's form of a decimal number: no exponent. A sign is read, so that the filters refuse a negative number.
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


class Parameters:
    """The parameters of one request by name. Reading one that is missing or malformed raises Refused."""

    def __init__(self, values: dict[str, str], twice: str | None = None) -> None:
        self._values = values
        self._twice = twice

    @classmethod
    def of(cls, query: str, body: str = "") -> Parameters:
        """Parse a query string and a urlencoded body."""
        parts = [parse_qsl(part, keep_blank_values=True) for part in (body, query)]
        values = {name: value for part in parts for name, value in part}
        seen = [Counter(name for name, _ in part) for part in parts]
        twice = next((name for part in seen for name, count in part.items() if count > 1), None)
        return cls(values, twice)

    def check_single(self) -> None:
        """Raise Refused -1101 if the query, or the body, has a name twice. One name in both is allowed: the query wins."""
        if self._twice is not None:
            raise doubled(self._twice)

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
        if not _INTEGER.fullmatch(value) or abs(int(value)) > _LARGEST:
            raise missing(name)
        return int(value)

    def maybe_integer(self, name: str) -> int | None:
        """Return a whole number; None if it was not sent."""
        return self.integer(name) if name in self else None

    def number(self, name: str) -> Decimal | None:
        """Return a decimal number; None if it was not sent. Raises Refused -1100 if it is malformed, as 1e-2 is."""
        value = self._values.get(name)
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            raise malformed_number(name)
        return Decimal(value)

    def needed_number(self, name: str) -> Decimal:
        """Return a decimal number. Raises Refused: -1102 if it was not sent, -1100 if it is malformed."""
        number = self.number(name)
        if number is None:
            raise missing(name)
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean, sent as ``true`` or ``false`` in upper or lower case; ``default`` if it was not sent."""
        value = (self._values.get(name) or str(default)).lower()
        if value not in ("true", "false"):
            raise illegal(name, value)
        return value == "true"
