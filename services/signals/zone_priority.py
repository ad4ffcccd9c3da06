"""Which zone speaks where zones of several timeframes overlap (ICT-13).

The higher timeframe does: HTF before MTF before LTF, and the longer timeframe within a tier. A zone that lies in one of a
longer timeframe and of the same direction refines it; one of the other direction is overruled by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, final

from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, TIER, Tier, Timeframe

#: The kinds that price can come back to, those that weigh more first: blocks before gaps (the order of SIG-2's weights).
ZONE_KINDS: Final[tuple[FactKind, ...]] = (
    "order_block", "breaker_block", "mitigation_block", "rejection_block", "balanced_price_range", "fvg", "ifvg",
    "merged_fvg", "volume_imbalance", "liquidity_void",
)  # fmt: skip
#: The states of a zone that price may still come back to.
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold", "touched", "half_filled"})
_Rank = tuple[int, int, int, float, int, str]
_TIERS: Final[tuple[Tier, ...]] = ("HTF", "MTF", "LTF")


@final
class ZoneAt:
    """A living zone and the timeframe that it was found on. tier: what that timeframe is read for; length: of it, ms.

    What is asked of every zone at every close stands here too: compiled, an attribute of a message takes ten times as long.
    """

    __slots__ = (
        "alive", "bottom", "bullish", "confirmed_at", "direction", "fact", "kind", "length", "rank", "score", "state",
        "tier", "timeframe", "top",
    )  # fmt: skip

    def __init__(self, timeframe: Timeframe, fact: Fact) -> None:
        self.timeframe: Final = timeframe
        self.fact: Final = fact
        self.tier: Final[Tier] = TIER[timeframe]
        self.length: Final = DURATION[timeframe]
        self.kind: Final[FactKind] = fact.kind
        self.state: Final[FactState] = fact.state
        self.direction: Final[Direction] = fact.direction
        self.top: Final = fact.top
        self.bottom: Final = fact.bottom
        self.score: Final = fact.score
        self.confirmed_at: Final = fact.confirmed_at
        self.alive: Final = self.state in ALIVE
        self.bullish: Final = self.direction == "bullish"
        self.rank: _Rank | None = None  # found when first asked for: levels have none

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneAt) and self.timeframe == other.timeframe and self.fact == other.fact

    def __hash__(self) -> int:
        return self.confirmed_at  # equal ones have the same, in every process

    def __repr__(self) -> str:
        return f"ZoneAt(timeframe={self.timeframe!r}, fact={self.fact!r})"


def by_priority(
    analyses: Mapping[Timeframe, Analysis], kinds: Collection[FactKind] = frozenset(ZONE_KINDS)
) -> tuple[ZoneAt, ...]:
    """The living zones of all timeframes, as ``in_order``. Provisional zones are left out: nothing may rest on them."""
    zones = [
        ZoneAt(timeframe, fact)
        for timeframe, analysis in analyses.items()
        for fact in analysis.active
        if fact.kind in kinds and fact.kind in ZONE_KINDS and fact.state != "provisional"
    ]
    return in_order(zones)


def in_order(zones: list[ZoneAt]) -> tuple[ZoneAt, ...]:
    """Zones, first that which speaks first.

    Tier, then timeframe, then kind (``ZONE_KINDS``), then score, then the one confirmed later; the id settles the rest, so
    that the order is total.
    """
    return tuple(sorted(zones, key=_rank))


def reached(zones: Sequence[ZoneAt], low: float, high: float) -> tuple[ZoneAt, ...]:
    """Those of ``zones`` that prices from ``low`` to ``high`` touch, in the same order: the first one speaks for them."""
    return tuple(zone for zone in zones if zone.fact.bottom <= high and zone.fact.top >= low)


def governing(zones: Sequence[ZoneAt], zone: ZoneAt) -> ZoneAt | None:
    """The first of ``zones`` (as ``by_priority`` gives them) on a longer timeframe that overlaps ``zone``; None without one.

    Zones that only touch do not overlap.
    """
    length = DURATION[zone.timeframe]
    for other in zones:
        if DURATION[other.timeframe] <= length:
            return None
        if min(other.fact.top, zone.fact.top) > max(other.fact.bottom, zone.fact.bottom):
            return other
    return None


def overruled(zones: Sequence[ZoneAt], zone: ZoneAt) -> bool:
    """True when the zone that governs it works in the other direction."""
    above = governing(zones, zone)
    return above is not None and above.fact.direction != zone.fact.direction


def _rank(zone: ZoneAt) -> _Rank:
    found = zone.rank
    if found is None:
        found = zone.rank = (
            _TIERS.index(zone.tier), -zone.length, ZONE_KINDS.index(zone.kind), -zone.score, -zone.confirmed_at, zone.fact.id
        )  # fmt: skip
    return found
