"""Orders that all be closed: what risk says to execution while its state is FLATTEN and something is held (RISK-3)."""

from __future__ import annotations

from typing import Final

import msgspec

from services.risk.state import RiskState
from shared.approval.flatten_orders import sign
from shared.approval.signing import Signer
from shared.domain.ids import derive
from shared.domain.intents import FlattenOrder

#: Outside mode sim the order is sent again after this time, ms: execution, or the broker, may have been away.
AGAIN_MS: Final = 10_000


def order(state: RiskState, signer: Signer) -> FlattenOrder | None:
    """Make the next copy of the order; None unless the state is FLATTEN and something is held or on its way.

    Its id is that of the drawdown, whatever copy it is, so that it is obeyed once; no two copies are of one time, so that
    one that was recorded is told apart from one that is new.
    """
    if state.kill_switch != "FLATTEN" or state.flat:
        return None
    last = state.ordered
    if last is None:
        first = derive("flatten", state.changes, state.now)
        last = FlattenOrder(id=first, reason=state.reason, decided_at=state.now, sent_at=state.now - 1)
    state.ordered = msgspec.structs.replace(last, sent_at=max(state.now, last.sent_at + 1))
    return sign(state.ordered, signer)


def due(state: RiskState, signer: Signer) -> FlattenOrder | None:
    """Make the copy that is sent by itself: at once, and again while nothing else has carried one for some time."""
    if state.ordered is not None and state.now - state.ordered.sent_at < AGAIN_MS:
        return None
    return order(state, signer)
