"""The states of every kind of fact, and the changes between them, as one table. Every change goes through
``Finding.changed``, which holds to it.

A state that may follow itself reports progress inside the state (another step of a fill, another touch). A state with
nothing behind it is the end: the fact leaves ``Analysis.active`` (a broken swing and a break of structure stay in it as the
last of their kind).
"""

from __future__ import annotations

from typing import Final

from shared.domain.facts import FactKind, FactState

#: State → the states that may follow it, the first state first. Kinds with the same states share one table.
Life = dict[FactState, tuple[FactState, ...]]

#: Said once.
EVENT: Final[Life] = {"final": ()}
SWING: Final[Life] = {
    "active": ("broken", "expired"),  # expired: a newer swing of the same side took its place
    "broken": (),
    "expired": (),
}
#: A point of the zigzag.
PIVOT: Final[Life] = {
    "provisional": ("final", "superseded"),  # superseded: the leg went further before it turned
    "final": (),
    "superseded": (),
}
#: A level of liquidity; see ``base.levels``.
LEVEL: Final[Life] = {
    "active": ("swept", "broken", "expired"),
    "swept": (),
    "broken": (),
    "expired": (),
}
#: The same for a level that others may join: progress, its ``touches`` count them.
GROWING_LEVEL: Final[Life] = {**LEVEL, "active": ("active", *LEVEL["active"])}
#: Holds until a newer one is anchored.
RANGE: Final[Life] = {"active": ("superseded",), "superseded": ()}
#: An entry zone lives with its range, and ends early when price leaves the leg at its origin.
ENTRY: Final[Life] = {
    "active": ("touched", "invalidated", "superseded"),
    "touched": ("invalidated", "superseded"),
    "invalidated": (),
    "superseded": (),
}
#: A zone that price fills; see ``FillBook``.
GAP: Final[Life] = {
    "active": ("touched", "half_filled", "filled", "inverted", "expired"),
    "touched": ("touched", "half_filled", "filled", "inverted", "expired"),
    "half_filled": ("half_filled", "filled", "inverted", "expired"),
    "filled": (),
    "inverted": (),  # closed through: an inversion gap is born of it at the same close
    "expired": (),
}
#: The same for a zone that does not turn over when it is closed through.
FILL: Final[Life] = {
    state: tuple(each for each in after if each != "inverted") for state, after in GAP.items() if state != "inverted"
}
#: A zone that holds or fails; see ``BlockBook``. The states of depth follow each other down.
BLOCK: Final[Life] = {
    "active": ("mitigated", "mean_threshold", "invalidated", "expired"),
    "mitigated": ("mitigated", "mean_threshold", "invalidated", "expired"),
    "mean_threshold": ("mean_threshold", "invalidated", "expired"),
    "invalidated": (),
    "expired": (),
}
#: And one that may become strong in any state that it lives in.
_REJECTION: Final[Life] = {**BLOCK, "active": ("active", *BLOCK["active"])}
#: A void whose row may go on: a larger one then takes its place.
_VOID: Final[Life] = {
    "provisional": ("superseded", "active", "touched", "half_filled", "filled", "expired"),
    **FILL,
    "superseded": (),
}
#: A gap that may grow: the larger one then takes its place.
_MERGED: Final[Life] = {
    **{state: (*after, "superseded") if after else () for state, after in GAP.items()},
    "superseded": (),
}

#: What holds until something newer takes its place.
_HELD: Final[Life] = {"active": ("expired",), "expired": ()}
#: A window of local time: the clock enters it, the clock leaves it.
_WINDOW: Final[Life] = {"active": ("final",), "final": ()}
#: An opening gap is kept when it is filled: price comes back to it, until newer ones take its place.
_OPENING_GAP: Final[Life] = {
    "active": ("touched", "half_filled", "filled", "expired"),
    "touched": ("touched", "half_filled", "filled", "expired"),
    "half_filled": ("half_filled", "filled", "expired"),
    "filled": ("filled", "expired"),
    "expired": (),
}

TRANSITIONS: Final[dict[FactKind, Life]] = {
    "swing_high": SWING,
    "swing_low": SWING,
    "internal_high": SWING,
    "internal_low": SWING,
    "pivot_high": PIVOT,
    "pivot_low": PIVOT,
    "bos": EVENT,
    "choch": EVENT,
    "mss": EVENT,
    "failed_break": EVENT,
    "internal_bos": EVENT,
    "internal_choch": EVENT,
    "displacement": EVENT,
    "fvg": GAP,
    "merged_fvg": _MERGED,
    "ifvg": BLOCK,
    "order_block": BLOCK,
    "breaker_block": BLOCK,
    "mitigation_block": BLOCK,
    "rejection_block": _REJECTION,
    "balanced_price_range": BLOCK,
    "volume_imbalance": FILL,
    "liquidity_void": _VOID,
    "kill_zone": _WINDOW,
    "silver_bullet": _WINDOW,
    "macro": _WINDOW,
    "session": _WINDOW,
    "quiet_hours": _WINDOW,
    "key_open": _HELD,
    "previous_day_high": LEVEL,
    "previous_day_low": LEVEL,
    "previous_week_high": LEVEL,
    "previous_week_low": LEVEL,
    "previous_month_high": LEVEL,
    "previous_month_low": LEVEL,
    "session_high": LEVEL,
    "session_low": LEVEL,
    "ipda_range": _HELD,
    "ndog": _OPENING_GAP,
    "nwog": _OPENING_GAP,
    "gap_4h": _OPENING_GAP,
    "judas_swing": EVENT,
    "power_of_three": {
        "active": ("final", "invalidated", "expired"),
        "final": (),
        "invalidated": (),  # the other side was taken too before structure broke
        "expired": (),
    },
    "smt_swing": _HELD,
    "smt_level": {
        "provisional": ("active", "failed", "expired"),  # expired: a candle was missing, or the other level ended
        "active": ("expired",),
        "failed": (),  # the other symbol took its level too
        "expired": (),
    },
    "liquidity_correlation": _HELD,
    "equal_highs": GROWING_LEVEL,
    "equal_lows": GROWING_LEVEL,
    "liquidity_pool": GROWING_LEVEL,
    "sweep": EVENT,
    "turtle_soup": EVENT,
    "dealing_range": RANGE,
    "ote": ENTRY,
}

#: The state in which a fact of each kind is born: the first of its table.
BIRTH: Final[dict[FactKind, FactState]] = {kind: next(iter(states)) for kind, states in TRANSITIONS.items()}
