"""May this process lead the account? What the account itself shows decides, whatever the store says (EXEC-4). Pure.

Two deployments with two stores do not know of each other; but each sees the other's orders and fills, by their client ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from shared.domain.client_ids import PresenceKind, of_another_deployment, presence_kind
from shared.exchange.model.orders import ExchangeOrder

#: A fill of another deployment forbids leading for so long, ms: with nothing open it may still be at work.
RECENT_MS: Final = 600_000

Kind = Literal["order", "fill", "answer"]
Verdict = Literal[
    "lead",
    "protect",  # what is held here is protected, and entries are halted until a person re-arms
    "stand_by",  # nothing is sent; the account is looked at again later
]


@dataclass(frozen=True, slots=True)
class Sign:
    """An open order on the account, a fill, or word of whoever leads. at: its time, UTC ms of the exchange."""

    kind: Kind
    client_id: str
    symbol: str
    at: int

    @property
    def text(self) -> str:
        """The sign in words."""
        return f"{self.symbol}: {_WHAT_STANDS[self.kind]} of another deployment ({self.client_id})"


_WHAT_STANDS: Final[dict[Kind, str]] = {
    "order": "an open order",
    "fill": "a fill",
    "answer": "an order by which the leader shows itself",
}
#: Who asked or answered so long before a question is dead, or has done it for another one, ms.
_STALE_MS: Final[dict[PresenceKind, int]] = {"question": 3_000, "answer": 5_000}

#: Does another deployment show itself, and has this one a trade to protect? → what it may do.
VERDICTS: Final[dict[tuple[bool, bool], Verdict]] = {
    (False, False): "lead",
    (False, True): "lead",
    (True, False): "stand_by",
    (True, True): "protect",  # a position without anybody who watches its stop is worse than two who halt
}


def another(signs: Iterable[Sign], lineage: str, now: int) -> Sign | None:
    """Return the sign of another deployment that counts: an open order before a fill, the newest first; None = none.

    now: UTC ms of the exchange.
    """
    found = [
        sign
        for sign in signs
        if of_another_deployment(sign.client_id, lineage) and (sign.kind == "order" or now - sign.at <= RECENT_MS)
    ]
    return max(found, key=lambda sign: (sign.kind == "order", sign.at), default=None)


def first_of(orders: Iterable[ExchangeOrder], mine: frozenset[str], question: str, asked_at: int) -> Sign | None:
    """Return who leads instead of whoever put the question: one who answers, or who asked before; None = nobody does.

    orders: open ones. mine: ids of this process. asked_at: UTC ms of the exchange. The exchange's own times and numbers say
    who came first; while it does not show the question, everybody else did.
    """
    shown = [(presence_kind(each.client_id), each) for each in orders]
    own = next(((each.created_at, each.id) for _, each in shown if each.client_id == question), None)
    for kind, each in shown:
        if kind is None or each.client_id in mine or each.created_at <= asked_at - _STALE_MS[kind]:
            continue
        if kind == "answer" or own is None or (each.created_at, each.id) < own:
            return Sign("answer", each.client_id, each.symbol, each.created_at)
    return None


def is_at_work(stated: ExchangeOrder, now: int) -> bool:
    """True if whoever made this order is at work: it is open, or it ended lately. now: UTC ms of the exchange."""
    return not stated.over or now - stated.updated_at <= RECENT_MS


def may_lead(sign: Sign | None, *, holds: bool) -> Verdict:
    """Say what a process may do. sign: of another deployment; holds: a trade of ours lives."""
    return VERDICTS[sign is not None, holds]
