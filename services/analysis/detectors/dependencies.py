"""Lists the detectors that each kind of fact needs, so that detectors which no published kind needs do not run."""

from __future__ import annotations

from typing import Final

from shared.domain.facts import ALL_KINDS, FactKind

#: The books of levels that sweeps and rejection blocks look through.
_BOOKS: Final = ("previous_levels", "session_levels", "equal_levels", "pools")

#: By its name in the roster: what a detector says, and the detectors that it reads, directly or through ``CandleClose``.
ROLES: Final[dict[str, tuple[tuple[FactKind, ...], tuple[str, ...]]]] = {
    "sessions": (("kill_zone", "silver_bullet", "macro", "session", "quiet_hours"), ()),
    "displacement": (("displacement",), ()),
    "periods": ((), ()),
    "structure": (("bos", "choch", "mss", "failed_break"), ("swings", "displacement")),
    "internal_structure": (("internal_bos", "internal_choch"), ("internal_swings", "swings")),
    "swings": (("swing_high", "swing_low"), ()),
    "internal_swings": (("internal_high", "internal_low"), ("internal_structure",)),
    "zigzag": (("pivot_high", "pivot_low"), ("swings",)),
    "fvg": (("fvg",), ("structure",)),
    "inversion": (("ifvg",), ("fvg",)),
    "merged_gaps": (("merged_fvg",), ("fvg",)),
    "order_blocks": (("order_block",), ("structure", "swings", "fvg")),
    "failed_blocks": ((), ("order_blocks", "structure", "swings")),
    "breaker_blocks": (("breaker_block",), ("failed_blocks",)),
    "mitigation_blocks": (("mitigation_block",), ("failed_blocks",)),
    "rejection_blocks": (("rejection_block",), ("swings", *_BOOKS)),
    "balanced_price_ranges": (("balanced_price_range",), ("fvg",)),
    "volume_imbalances": (("volume_imbalance",), ()),
    "liquidity_voids": (("liquidity_void",), ()),
    "key_opens": (("key_open",), ()),
    "previous_levels": (
        (
            "previous_day_high", "previous_day_low", "previous_week_high", "previous_week_low", "previous_month_high",
            "previous_month_low",
        ),
        ("periods",),
    ),
    "session_levels": (("session_high", "session_low"), ("sessions",)),
    "ipda": (("ipda_range",), ("periods",)),
    "opening_gaps": (("ndog", "nwog", "gap_4h"), ()),
    "power_of_three": (("power_of_three", "judas_swing"), ("sessions", "structure")),
    "equal_levels": (("equal_highs", "equal_lows"), ()),
    "pools": (("liquidity_pool",), ("swings",)),
    "sweeps": (("sweep",), _BOOKS),
    "turtle_soup": (("turtle_soup",), ()),
    "dealing_range": (("dealing_range", "ote"), ("swings",)),
}  # fmt: skip

#: Kinds that concern two symbols, computed from the findings of both engines.
ACROSS: Final[dict[FactKind, tuple[str, ...]]] = {
    "smt_swing": ("swings",),
    "smt_level": ("previous_levels", "session_levels"),
    "liquidity_correlation": ("swings",),
}


def detectors_for(kinds: frozenset[FactKind], *, adapt: bool) -> frozenset[str]:
    """Return the names of the detectors that these kinds need. Structure always works: every analysis states the trend.

    ``adapt``: thresholds follow the kill zone, so that everything reads the sessions.
    """
    if kinds == ALL_KINDS:
        return frozenset(ROLES)
    asked = ["structure", *(["sessions"] if adapt else [])]
    asked += [name for name, (says, _) in ROLES.items() if not kinds.isdisjoint(says)]
    asked += [name for kind, names in ACROSS.items() if kind in kinds for name in names]
    found: set[str] = set()
    while asked:
        name = asked.pop()
        if name not in found:
            found.add(name)
            asked += ROLES[name][1]
    return frozenset(found)
