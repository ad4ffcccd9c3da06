"""Prints decimals as the exchange does."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_ZERO: Final = Decimal(0)


def money(amount: Decimal) -> str:
    """Print USDT with eight decimals; zero without a sign."""
    return _fixed(amount, 8)


def plain(number: Decimal) -> str:
    """Print every digit, without exponent and trailing zeros; ``0`` for zero."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0") else text


def places(number: Decimal, digits: int) -> str:
    """Print at least ``digits`` decimals, and more if the number needs more, up to eight."""
    exponent = number.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) else 0
    return _fixed(number, min(max(digits, own), max(digits, 8)))


def _fixed(number: Decimal, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.removeprefix("-") if text.startswith("-") and not text.strip("-0.") else text
