"""The lives of facts, as one table: what may follow what. Every change goes through ``advance``, which holds to it.

A state that may follow itself reports progress inside the state (another step of a fill, another touch). A state with
nothing behind it is the end: the fact leaves ``Analysis.active`` (a broken swing and a break of structure stay in it as the
last of their kind).
"""

from __future__ import annotations

from typing import Final

import msgspec

from shared.domain.facts import Fact, FactKind, FactState

_SWING: Final[dict[FactState, tuple[FactState, ...]]] = {
    "active": ("broken", "expired"),  # expired: a newer swing of the same side took its place
    "broken": (),
    "expired": (),
}
_EVENT: Final[dict[FactState, tuple[FactState, ...]]] = {"final": ()}

TRANSITIONS: Final[dict[FactKind, dict[FactState, tuple[FactState, ...]]]] = {
    "swing_high": _SWING,
    "swing_low": _SWING,
    "bos": _EVENT,
    "choch": _EVENT,
    "fvg": {
        "active": ("touched", "half_filled", "filled", "expired"),
        "touched": ("touched", "half_filled", "filled", "expired"),
        "half_filled": ("half_filled", "filled", "expired"),
        "filled": (),
        "expired": (),
    },
    "order_block": {
        "active": ("mitigated", "invalidated", "expired"),
        "mitigated": ("mitigated", "invalidated", "expired"),
        "invalidated": (),
        "expired": (),
    },
}

#: The state in which a fact of each kind is born.
BIRTH: Final[dict[FactKind, FactState]] = {
    "swing_high": "active",
    "swing_low": "active",
    "bos": "final",
    "choch": "final",
    "fvg": "active",
    "order_block": "active",
}


class IllegalTransition(Exception):
    """A detector asked for a change that the table does not have: a bug in that detector."""


def advance(
    fact: Fact,
    state: FactState,
    changed_at: int,
    *,
    score: float | None = None,
    touches: int | None = None,
    fill: float | None = None,
) -> Fact:
    """The same fact, changed at ``changed_at`` (ms); what is not given stays. Raises IllegalTransition."""
    if state not in TRANSITIONS[fact.kind][fact.state]:
        raise IllegalTransition(
            f"{fact.kind} {fact.id} cannot go from {fact.state} to {state}; see services.analysis.lifecycle"
        )
    return msgspec.structs.replace(
        fact,
        state=state,
        changed_at=changed_at,
        score=fact.score if score is None else score,
        touches=fact.touches if touches is None else touches,
        fill=fact.fill if fill is None else fill,
    )
