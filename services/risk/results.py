"""The trades that ended last: how many in a row were lost, and how many were won (RISK-3)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from shared.domain.account import Trade


class EndedTrade(msgspec.Struct, kw_only=True):
    """result: USDT, after fees and funding. forgiven: lost before a person re-armed; it counts in no row of losses."""

    intent_id: str
    result: Decimal
    forgiven: bool = False


def add(known: list[EndedTrade], ended: Iterable[Trade], most: int) -> None:
    """Remember trades that ended, the newest ``most`` of them. One that is told again replaces itself: its result changed.

    A trade that failed held nothing, and counts neither way.
    """
    for trade in ended:
        if trade.state != "closed" or not trade.quantity:
            continue
        same = next((each for each in known if each.intent_id == trade.intent_id), None)
        if same is not None:
            same.result = trade.result
        else:
            known.append(EndedTrade(intent_id=trade.intent_id, result=trade.result))
    del known[:-most]


def streak(known: Iterable[EndedTrade]) -> int:
    """Trades lost in a row up to now. One that neither won nor lost ends no row and lengthens none."""
    count = 0
    for each in known:
        if each.result > 0:
            count = 0
        elif each.result < 0 and not each.forgiven:
            count += 1
    return count


def win_rate(known: list[EndedTrade], trades: int) -> Decimal | None:
    """Share of the last ``trades`` that were won, 0 to 1; None while fewer are known."""
    if len(known) < trades:
        return None
    return Decimal(sum(each.result > 0 for each in known[-trades:])) / trades
