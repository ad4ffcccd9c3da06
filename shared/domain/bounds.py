"""Bounds of what a message may hold: lengths of texts and lists, and the size of amounts.

Decoding refuses what is beyond them (``shared.bus.codec``), so that no sender can make a reader spend memory or time. Texts
and lists carry their bound in their type, which msgspec checks. It has no bounds for ``Decimal``: ``unfit_amount`` is asked
about each, because ``1E+300000000`` is twelve characters, and three hundred megabytes when it is printed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import msgspec

#: Longest text, reason and key of an alert, characters. ``shorten`` keeps to them where a text comes from outside.
TEXT_LENGTH: Final = 8_000
REASON_LENGTH: Final = 1_000
KEY_LENGTH: Final = 512

#: What one of our processes, or the exchange, names a thing by.
Id = Annotated[str, msgspec.Meta(max_length=128)]
#: A client order id: the exchange takes 36 characters.
ClientId = Annotated[str, msgspec.Meta(max_length=36)]
#: Why something happened, in another's words: an operator's, the exchange's. It fits into a Text with words around it.
Reason = Annotated[str, msgspec.Meta(max_length=REASON_LENGTH)]
#: Some sentences for a person.
Text = Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH)]
#: What tells one alert from another.
AlertKey = Annotated[str, msgspec.Meta(max_length=KEY_LENGTH)]
#: Most items of a list in a message: ``Annotated[tuple[Candle, ...], MANY]``.
MANY: Final = msgspec.Meta(max_length=10_000)
#: The same of a history of candles, which the body's largest size bounds before.
HISTORY: Final = msgspec.Meta(max_length=100_000)

#: Amounts are below ten to this power, USDT or base currency.
_MAGNITUDE: Final = 15
#: Most decimals of an amount. A quotient has 28 significant digits, behind the zeros of a small one.
_DECIMALS: Final = 40
#: Most digits of an amount.
_DIGITS: Final = 40


def unfit_amount(amount: Decimal) -> str:
    """Return why a message may not hold this amount; empty if it may."""
    if not amount.is_finite():
        return "is not finite"
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int), "it is finite"
    if len(digits) > _DIGITS:
        return f"has {len(digits)} digits, at most {_DIGITS} are accepted"
    if -exponent > _DECIMALS:
        return f"has {-exponent} decimals, at most {_DECIMALS} are accepted"
    if len(digits) + exponent > _MAGNITUDE:
        return f"is not below 1E+{_MAGNITUDE}"
    return ""


def shorten(text: str, length: int) -> str:
    """Return ``text``, cut to ``length`` characters; the cut shows."""
    return text if len(text) <= length else text[: length - 1] + "…"
