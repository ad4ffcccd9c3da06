"""The trades that ended last: how many in a row were lost, and how many were won (RISK-3, RISK-8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.account import Trade

#: Trades that are remembered, for the KPIs; the kill switch asks for fewer.
TRADES_REMEMBERED: Final = 500


class EndedTrade(msgspec.Struct, kw_only=True):
    """result: USDT, after fees and funding. forgiven: lost before a person re-armed; it counts in no row of losses.

    risk_amount: USDT at risk when it was entered; 0 = unknown.
    """

    intent_id: str
    result: Decimal
    forgiven: bool = False
    risk_amount: Decimal = Decimal(0)


def add(known: list[EndedTrade], ended: Iterable[Trade], most: int) -> None:
    """Remember trades that ended, the newest ``most`` of them. One that is told again replaces itself: its result changed.

    A trade that failed held nothing, and counts neither way.
    """
    for trade in ended:
        if trade.state != "closed" or not trade.quantity:
            continue
        same = next((each for each in known if each.intent_id == trade.intent_id), None)
        if same is not None:
            same.result, same.risk_amount = trade.result, trade.risk_amount
        else:
            known.append(EndedTrade(intent_id=trade.intent_id, result=trade.result, risk_amount=trade.risk_amount))
    del known[:-most]


def streak(known: Sequence[EndedTrade]) -> int:
    """Trades lost in a row up to now. One that neither won nor lost ends no row and lengthens none."""
    count = 0
    for each in reversed(known):
        if each.result > 0:
            break
        count += each.result < 0 and not each.forgiven
    return count


def win_rate(known: list[EndedTrade], trades: int) -> Decimal | None:
    """Share of the last ``trades`` that were won, 0 to 1; None while fewer are known."""
    if len(known) < trades:
        return None
    return Decimal(sum(each.result > 0 for each in known[-trades:])) / trades
