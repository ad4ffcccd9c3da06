"""How numbers and times are written on the page: one hand for tables, tiles and tooltips. Times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from shared.domain.timeframes import DAY, MINUTE

#: What is written where a measure cannot be told.
NONE: Final = "n/a"
_HOUR: Final = 60 * MINUTE


def at(time: int) -> str:
    """An instant, UTC ms: ``2025-01-06 07:45``."""
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M}"


def weekday(time: int) -> str:
    """The day of the week of an instant, UTC ms."""
    return f"{datetime.fromtimestamp(time / 1000, UTC):%A}"


def usdt(value: float | Decimal, *, sign: bool = False) -> str:
    """An amount: ``1,234.50``; with ``sign`` a gain has a plus."""
    return f"{_zero(value, 2):+,.2f}" if sign else f"{_zero(value, 2):,.2f}"


def percent(value: float, *, sign: bool = False) -> str:
    """A fraction: ``12.34 %``."""
    return f"{_zero(value * 100, 2):+,.2f} %" if sign else f"{_zero(value * 100, 2):,.2f} %"


def multiple(value: float | None) -> str:
    """A result in R: ``+1.52 R``."""
    return NONE if value is None else f"{_zero(value, 2):+.2f} R"


def number(value: float | None) -> str:
    """A number without a unit, four digits or so."""
    if value is None:
        return NONE
    return f"{value:,.2f}" if abs(value) < 1_000_000 else f"{value:,.0f}"


def plain(value: Decimal | float) -> str:
    """A price or quantity as the exchange writes it, without zeros at its end and never in powers of ten."""
    text = f"{value:f}" if isinstance(value, Decimal) else f"{Decimal(f'{value:.12g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(length: float) -> str:
    """A length in ms: ``3 d 4 h``, ``2 h 15 min``, ``7 min``."""
    minutes = round(length / MINUTE)
    if length >= DAY:
        days, rest = divmod(round(length / _HOUR), 24)
        return f"{days} d {rest} h" if rest else f"{days} d"
    hours, rest = divmod(minutes, 60)
    return (f"{hours} h {rest} min" if rest else f"{hours} h") if hours else f"{minutes} min"


def words(code: str) -> str:
    """A code of a closed vocabulary as words."""
    return code.replace("_", " ")


def _zero(value: float | Decimal, digits: int) -> float | Decimal:
    """Zero instead of what is written as minus zero."""
    if round(value, digits) == 0:
        return 0.0
    return value
