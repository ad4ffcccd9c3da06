"""Decides which orders of risk are obeyed: signed by risk, fresh, and no copy of one taken before (RISK-3). Pure.

They are refused and counted as commands are, with the same words for what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from shared.approval.commands import EXPIRY_MS, CommandMemory, Fault
from shared.approval.signing import RISK_ORDER, Signer, Verifier
from shared.domain.intents import RiskOrder

#: Each fault as people read it.
_SENTENCES: Final[dict[Fault, str]] = {
    "unsigned": "it is not signed",
    "stale": f"it was sent more than {EXPIRY_MS // 1000} s ago",
    "ahead": f"it was sent more than {EXPIRY_MS // 1000} s in the future: check the clocks",
    "forged": "its signature is not risk's of this mode, namespace and account, or it was altered",
    "replayed": "this copy of it was taken before",
}


class RiskOrderJudge:
    """``verified``: the signature is risk's. ``timed``: False in mode sim, whose time is the player's."""

    def __init__(self, verified: Callable[[RiskOrder], bool], *, timed: bool) -> None:
        self._verified = verified
        self._timed = timed

    def judge(self, order: RiskOrder, memory: CommandMemory, now: int) -> Fault | None:
        """Return why an order is not believed; None if it is, and then this copy is remembered."""
        if not order.signature:
            return "unsigned"
        if self._timed and now - order.sent_at > EXPIRY_MS:
            return "stale"
        if self._timed and order.sent_at - now > EXPIRY_MS:
            return "ahead"
        if order.message_id in memory.taken:
            return "replayed"
        if not self._verified(order):
            return "forged"
        memory.take(order.message_id, order.sent_at, now, timed=self._timed)
        return None

    @staticmethod
    def note(fault: Fault, memory: CommandMemory, now: int) -> str:
        """Count a refusal; return the sentence of its alert, empty when one of the kind was told within the last minute."""
        since = memory.count(fault, now)
        return f"an order of risk is refused: {_SENTENCES[fault]}{since}" if since is not None else ""


def content(order: RiskOrder) -> RiskOrder:
    """Return what is signed of an order: all but the signature."""
    return msgspec.structs.replace(order, signature="")


def sign(order: RiskOrder, signer: Signer) -> RiskOrder:
    """Return the order with its signature; ``signer``: of intents."""
    return msgspec.structs.replace(order, signature=signer.of(RISK_ORDER).sign(content(order)))


def judge_of(verifier: Verifier, *, timed: bool) -> RiskOrderJudge:
    """Build the judge that verifies with risk's public key; ``verifier``: of intents."""
    orders = verifier.of(RISK_ORDER)
    return RiskOrderJudge(lambda order: orders.approved(content(order), order.signature), timed=timed)
