"""The life of a leg as the guardian sees it, as a transition table (docs/lifecycles.md is generated from it)."""

from __future__ import annotations

from typing import Final, Literal

LegState = Literal[
    "unseen",  # held; its conditional orders were not read yet
    "covered",  # a stop that covers it is known to stand
    "bare",  # none is known
    "placing",  # a stop of the guardian is on its way
    "proved",  # no stop is shown, and the exchange refuses another one because one stands (-4130)
    "refused",  # the stop was refused, or not answered; it is tried again
    "closing",  # no stop could be placed: it is closed at the market
]
LegEvent = Literal[
    "seen",  # a stop that covers it stands
    "missing",  # no such stop is shown any more
    "due",  # the time to act has come
    "accepted",  # the exchange has taken the guardian's stop
    "proved",  # it says that one stands already
    "refused",  # it has not taken the stop, or the close
    "gave_up",  # it will not take a stop
]

#: State → event → state. A leg that is flat is forgotten, whatever its state.
TRANSITIONS: Final[dict[LegState, dict[LegEvent, LegState]]] = {
    "unseen": {"seen": "covered", "missing": "bare", "due": "placing"},
    "covered": {"missing": "bare"},
    "bare": {"seen": "covered", "due": "placing"},
    "placing": {"accepted": "covered", "proved": "proved", "refused": "refused", "missing": "bare"},
    "proved": {"seen": "covered", "missing": "bare", "due": "placing"},
    "refused": {"seen": "covered", "due": "placing", "gave_up": "closing"},
    "closing": {"seen": "covered", "refused": "refused", "due": "closing"},
}
#: States in which nothing is known to protect a leg.
UNPROTECTED: Final[frozenset[LegState]] = frozenset({"bare", "placing", "refused", "closing"})
