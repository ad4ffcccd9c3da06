"""Transfers in and out of the wallet, each once, whether the user stream or the income history told it first (RISK-3). Pure.

The stream's event has no id, a row of the history has one. An event and a row of the same amount, not far apart in time,
are one transfer: either waits for the other. Of several alike as many are booked as the more complete of the two tells.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution.inputs import Moved
from services.execution.state import ExecutionState, Move
from shared.domain.account import Transfer
from shared.domain.ids import derive
from shared.exchange.model.user_events import WalletChange

#: Reasons of an account's change that move money in or out and are no result (user stream, docs/binance.md).
TRANSFERS: Final = frozenset(
    {
        "DEPOSIT", "WITHDRAW", "WITHDRAW_REJECT", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "ASSET_TRANSFER",
        "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "AUTO_EXCHANGE",
    }
)  # fmt: skip
#: How far apart an event and the row of one transfer may be, ms.
_APART_MS: Final = 60_000
#: Transfers remembered, so that each is booked once.
_REMEMBERED: Final = 1_024


def streamed(state: ExecutionState, change: WalletChange, time: int) -> None:
    """Book what the user stream tells of a transfer, unless the history told it before. ``time``: of the event, UTC ms."""
    before = _partner(state, change.change, time, streamed=False)
    if before is not None:
        before.streamed = True
        return
    _book(state, derive("transfer", time, change.wallet, change.change), time, change.change, Move(streamed=True))


def listed(state: ExecutionState, moved: Moved) -> None:
    """Book what the history tells, as far as neither it nor the user stream told it before.

    What was transferred before the first statement ever is in the wallet that it stated.
    """
    since = state.transfers_from or moved.asked_at
    known = {each.row for each in state.moves}
    for each in moved.transfers:
        if each.id in known or each.time < since:
            continue
        before = _partner(state, each.amount, each.time, streamed=True)
        if before is not None:
            before.row = each.id
        else:
            _book(state, derive("transfer", each.id), each.time, each.amount, Move(row=each.id))
    state.transfers_until = max(state.transfers_until, moved.asked_at)


def _partner(state: ExecutionState, amount: Decimal, time: int, *, streamed: bool) -> Move | None:
    """The nearest transfer of this amount that only the other side told yet."""
    alike = [
        each
        for each in state.moves
        if each.amount == amount and abs(each.time - time) <= _APART_MS and (not each.row if streamed else not each.streamed)
    ]
    return min(alike, key=lambda each: abs(each.time - time), default=None)


def _book(state: ExecutionState, identity: str, time: int, amount: Decimal, move: Move) -> None:
    move.time, move.amount = time, amount
    state.moves.append(move)
    del state.moves[:-_REMEMBERED]
    state.transfers.append(Transfer(id=identity, time=time, amount=amount))
