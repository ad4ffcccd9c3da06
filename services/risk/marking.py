"""The account at the newest mark prices: profit, equity and maintenance margin between two statements (RISK-5).

A statement says what is held; a mark price says what that is worth now. Positions that were closed since the statement are
valued for as long as it takes until the next one, so that marks are followed only while the statement is young.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import structs

from services.risk import margin
from services.risk.margin import Tiers
from shared.domain.account import AccountState, Position


def at_marks(account: AccountState, marks: Mapping[str, Decimal], tiers: Mapping[str, Tiers]) -> AccountState:
    """Return the account with its positions at ``marks`` (symbol → USDT); a symbol that is not named keeps its price.

    tiers: a maintenance margin is computed again only where the symbol's are known, else it stays as stated.
    """
    positions = tuple(_at_mark(each, marks.get(each.symbol), tiers) for each in account.positions)
    gained = unrealized(positions) - unrealized(account.positions)
    return structs.replace(account, equity=account.equity + gained, positions=positions)


def unrealized(positions: Iterable[Position]) -> Decimal:
    """Return what the positions have won together at their mark prices, USDT."""
    return sum((each.unrealized for each in positions), Decimal(0))


def _at_mark(position: Position, mark: Decimal | None, tiers: Mapping[str, Tiers]) -> Position:
    if mark is None or not position.quantity:
        return position
    needed = position.maintenance_margin
    if needed is not None and position.symbol in tiers:
        needed = margin.maintenance(tiers[position.symbol], abs(position.quantity) * mark)
    won = position.quantity * (mark - position.entry_price)
    return structs.replace(position, mark_price=mark, unrealized=won, maintenance_margin=needed)
