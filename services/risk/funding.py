"""The next funding payment of a position not yet entered: how much of its notional it pays, and whether it counts (RISK-6).

A rate is known for as long as its payment is to come and it was read lately. It counts into the costs of an entry when the
position would be held over the payment: until ``close_by`` if that is set, else for as long as a position is expected to
be held. What would be received makes no entry cheaper.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.risk.settings import RiskSettings
from shared.domain.account import NextFunding
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.order_words import Side

#: Age beyond which a rate is not known any more, ms: execution tells one every minute.
MAX_AGE_MS: Final = 600_000


def rate_paid(side: Side, funding: NextFunding | None, now: int) -> Decimal | None:
    """Return what a position on ``side`` pays next, fraction of the notional, negative = received; None = not known."""
    if funding is None or funding.due <= now or now - funding.as_of > MAX_AGE_MS:
        return None
    return funding.rate if side == "BUY" else -funding.rate


def held_over(signal: Signal, funding: NextFunding | None, now: int, settings: RiskSettings) -> bool:
    """Return True if the position would still be held when the payment is due. ``now``: UTC ms."""
    if funding is None:
        return False
    entered = max(now, signal.entry.rests_until) if isinstance(signal.entry, LimitEntry) else now
    until = entered + settings.expected_holding_ms
    return funding.due <= (min(until, signal.close_by) if signal.close_by else until)
