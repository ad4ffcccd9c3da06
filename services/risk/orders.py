"""What risk orders execution to do: end entries when it takes none any more, close everything in state FLATTEN (RISK-3)."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from services.risk.kill_switch import TRADING
from services.risk.state import RiskState
from shared.approval.risk_orders import sign
from shared.approval.signing import Signer
from shared.domain.ids import derive
from shared.domain.intents import RiskOrder

#: Outside mode sim the order is sent again after this time, ms: execution, or the broker, may have been away.
AGAIN_MS: Final = 10_000


def order(state: RiskState, signer: Signer) -> RiskOrder | None:
    """Make the next copy of the order; None while entries pass, and where nothing is held, rests or is on its way.

    Its id is that of the change of state, whatever copy it is, so that a flatten is obeyed once; no two copies are of one
    time, so that one that was recorded is told apart from one that is new.
    """
    if state.kill_switch in TRADING or state.account is None or state.flat:
        return None
    last = state.ordered
    if last is None:
        kind: Literal["withdraw", "flatten"] = "flatten" if state.kill_switch == "FLATTEN" else "withdraw"
        first = derive(kind, state.changes, state.now)
        last = RiskOrder(kind=kind, id=first, reason=state.reason, decided_at=state.now, sent_at=state.now - 1)
    state.ordered = msgspec.structs.replace(last, sent_at=max(state.now, last.sent_at + 1))
    return sign(state.ordered, signer)


def due(state: RiskState, signer: Signer) -> RiskOrder | None:
    """Make the copy that is sent by itself: at once, and again while nothing else has carried one for some time."""
    if state.ordered is not None and state.now - state.ordered.sent_at < AGAIN_MS:
        return None
    return order(state, signer)
