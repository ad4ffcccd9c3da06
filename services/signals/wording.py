"""How prices and times are written in the sentences of strategies."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal


def price(value: float) -> str:
    """Ten digits at most, never in powers of ten: ``0.0000001005``."""
    return f"{Decimal(f'{value:.10g}'):f}"


def moment(at: int) -> str:
    """An instant (UTC ms) to the minute: ``2025-05-04 15:33 UTC``."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
