"""Maintenance margin and liquidation price by the exchange's tiers (docs/binance.md §7.3), for a position not yet entered.

With cross margin the whole account stands for it: what others need and have won counts. All amounts in USDT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Final

from shared.domain.account import AccountState, MarginTier

Tiers = tuple[MarginTier, ...]
_ZERO: Final = Decimal(0)


def tier_at(tiers: Tiers, notional: Decimal) -> MarginTier:
    """The tier of a position of this notional, USDT. Raises IndexError without tiers."""
    return [tiers[0], *(each for each in tiers[1:] if each.floor <= notional)][-1]


def maintenance(tiers: Tiers, notional: Decimal) -> Decimal:
    """Maintenance margin of a position of this notional, USDT."""
    tier = tier_at(tiers, notional)
    return max(_ZERO, notional * tier.maintenance_rate - tier.cum)


def held(account: AccountState) -> Decimal | None:
    """Maintenance margin of all positions; None when the exchange did not tell that of one."""
    margins = [each.maintenance_margin for each in account.positions if each.quantity]
    known = [each for each in margins if each is not None]
    return sum(known, _ZERO) if len(known) == len(margins) else None


def in_flight(notionals: Iterable[tuple[str, Decimal]], tiers: Mapping[str, Tiers]) -> Decimal | None:
    """Maintenance margin that entries on their way will need (symbol, notional); None when a symbol's tiers are unknown."""
    needed = [maintenance(tiers[symbol], notional) if symbol in tiers else None for symbol, notional in notionals]
    known = [each for each in needed if each is not None]
    return sum(known, _ZERO) if len(known) == len(needed) else None


def cross_balance(account: AccountState, needed: Decimal) -> Decimal:
    """What stands for a new crossed position: equity without isolated positions, less what the crossed ones need.

    needed: maintenance margin of all positions and of entries in flight.
    """
    isolated = [each for each in account.positions if each.quantity and each.isolated_wallet]
    apart = sum((each.isolated_wallet + each.unrealized for each in isolated), _ZERO)
    theirs = sum((each.maintenance_margin or _ZERO for each in isolated), _ZERO)
    return account.equity - apart - (needed - theirs)


def liquidation_price(quantity: Decimal, entry: Decimal, balance: Decimal, tiers: Tiers) -> Decimal | None:
    """The mark price at which the exchange closes a position; None if there is none above zero.

    quantity: base currency, negative = short. balance: what stands for it, without its own profit.
    Within a tier the formula is linear: balance + quantity x (price - entry) = |quantity| x price x rate - cum.
    """
    size, found = abs(quantity), []
    ends = [*(above.floor for _, above in pairwise(tiers)), None]
    for tier, end in zip(tiers, ends, strict=True):
        slope = quantity - size * tier.maintenance_rate
        if not slope:
            continue
        price = (quantity * entry - balance - tier.cum) / slope
        notional = size * price
        if price > 0 and tier.floor <= notional and (end is None or notional < end):
            found.append(price)
    nearest = min if quantity > 0 else max
    return nearest(found, default=None)
