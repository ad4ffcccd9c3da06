"""Which zone speaks where zones of several timeframes overlap (ICT-13)."""

from __future__ import annotations

import random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.zone_priority import ZONE_KINDS, ZoneAt, by_priority, governing, overruled, reached
from shared.domain.facts import Analysis, Fact, FactKind
from shared.domain.timeframes import DURATION, TIER, TIMEFRAMES, Tier, Timeframe
from tests.support.signals.scenes import CLOSE, analysis, block, candle, fact, gap


def seen(**found: tuple[Fact, ...]) -> dict[Timeframe, Analysis]:
    """``h4=(zone, …)`` and so on: the newest analysis of each timeframe."""
    names: dict[str, Timeframe] = {"m1": "1m", "m15": "15m", "m30": "30m", "h1": "1h", "h4": "4h", "d1": "1d"}
    return {names[name]: analysis(*facts, of=candle(CLOSE, names[name])) for name, facts in found.items()}


def ids(zones: tuple[ZoneAt, ...]) -> list[str]:
    return [zone.fact.id for zone in zones]


def test_the_tiers_are_those_of_the_requirement() -> None:
    """ICT-13: HTF 1w 1d 4h, MTF 1h 30m 15m, LTF 5m 1m; each timeframe has one."""
    of: dict[Tier, list[Timeframe]] = {tier: [] for tier in get_args(Tier)}
    for timeframe in reversed(TIMEFRAMES):
        of[TIER[timeframe]].append(timeframe)
    assert of == {"HTF": ["1w", "1d", "4h"], "MTF": ["1h", "30m", "15m"], "LTF": ["5m", "1m"]}


def test_a_higher_timeframe_comes_first_whatever_the_zone() -> None:
    """ICT-13: a weak gap of 4h before the best block of 1h, that before anything of 1m."""
    weak = gap(id="weak", score=0.1)
    best = block(id="best", score=1.0)
    fine = block(id="fine", score=0.9)
    day = gap(id="day", score=0.0)
    assert ids(by_priority(seen(m1=(fine,), h1=(best,), h4=(weak,), d1=(day,)))) == ["day", "weak", "best", "fine"]


def test_within_a_timeframe_kind_then_score_then_age_then_id_decide() -> None:
    """ICT-13: a total order, so that two runs agree."""
    facts = (
        gap(id="gap", score=1.0),
        block(id="poor", score=0.2),
        block(id="rich", score=0.7),
        block(id="old", score=0.5, confirmed_at=CLOSE - DURATION["1h"], formed_at=0, changed_at=CLOSE),
        block(id="new", score=0.5, confirmed_at=CLOSE, formed_at=0, changed_at=CLOSE),
        block(id="b", score=0.1),
        block(id="a", score=0.1),
    )
    assert ids(by_priority(seen(h1=facts))) == ["rich", "new", "old", "poor", "a", "b", "gap"]


def test_only_living_zones_that_are_final_take_part() -> None:
    """ICT-13: levels and events are no zones, and nothing rests on what is provisional."""
    swing = fact("swing_high", "bearish", 105, 105, id="swing")
    void = fact("liquidity_void", "bullish", 100, 104, id="void", state="provisional")
    known = fact("liquidity_void", "bullish", 100, 104, id="known", state="touched")
    assert ids(by_priority(seen(h1=(swing, void, known)))) == ["known"]
    assert ids(by_priority(seen(h1=(known, block(id="block"))), kinds=("order_block", "swing_high"))) == ["block"]
    assert set(ZONE_KINDS) <= set(get_args(FactKind))


def test_zones_reached_by_price_keep_their_priority() -> None:
    """ICT-13: edges count: price that trades at a zone has reached it."""
    zones = by_priority(seen(m15=(block(id="under", bottom=98, top=99),), h4=(block(id="over", bottom=100, top=103),)))
    assert ids(reached(zones, 99, 100)) == ["over", "under"]
    assert ids(reached(zones, 99.5, 99.75)) == []
    assert ids(reached(zones, 90, 98)) == ["under"]


@pytest.mark.parametrize(
    ("bottom", "top", "direction", "above", "is_overruled"),
    [
        (101, 102, "bullish", "h4", False),  # inside: a refinement
        (101, 102, "bearish", "h4", True),
        (102.5, 104, "bearish", "h4", True),  # partly
        (103, 104, "bearish", None, False),  # only touching
        (105, 106, "bearish", "d1", False),  # another, of a longer timeframe
        (102, 106, "bearish", "d1", False),  # in both: the longer one speaks
    ],
)
def test_a_zone_is_governed_by_the_first_that_it_overlaps(
    bottom: float, top: float, direction: str, above: str | None, is_overruled: bool
) -> None:
    """ICT-13: same direction refines, the other direction is overruled."""
    entry = block(direction, bottom=bottom, top=top, id="entry")
    zones = by_priority(
        seen(
            m15=(entry,),
            h4=(block("bullish", bottom=100, top=103, id="h4"),),
            d1=(block("bearish", bottom=104.5, top=107, id="d1"),),
        )
    )
    found = governing(zones, zones[-1])
    assert zones[-1].fact is entry
    assert (None if found is None else found.fact.id) == above
    assert overruled(zones, zones[-1]) is is_overruled


def test_its_own_timeframe_does_not_govern_a_zone() -> None:
    """ICT-13: two zones of one timeframe are a matter of the strategy."""
    zones = by_priority(seen(h1=(block(id="one"), block("bearish", id="other")), m30=()))
    assert [governing(zones, zone) for zone in zones] == [None, None]


found = st.lists(
    st.tuples(
        st.sampled_from(TIMEFRAMES),
        st.sampled_from(ZONE_KINDS),
        st.sampled_from(["bullish", "bearish"]),
        st.integers(90, 110),
        st.integers(1, 8),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(rows=found, seed=st.integers(0, 9))
def test_the_order_does_not_depend_on_how_the_zones_came_in(
    rows: list[tuple[Timeframe, FactKind, str, int, int, float]], seed: int
) -> None:
    """ICT-13: one order; who governs is of a longer timeframe, overlaps, and nothing before it does both."""
    facts = [
        (timeframe, fact(kind, direction, bottom, bottom + height, id=str(number), score=score))
        for number, (timeframe, kind, direction, bottom, height, score) in enumerate(rows)
    ]

    def ranked(pairs: list[tuple[Timeframe, Fact]]) -> tuple[ZoneAt, ...]:
        names = list(dict.fromkeys(timeframe for timeframe, _ in pairs))
        return by_priority(
            {name: analysis(*(one for of, one in pairs if of == name), of=candle(CLOSE, name)) for name in names}
        )

    zones = ranked(facts)
    shuffled = list(facts)
    random.Random(seed).shuffle(shuffled)
    assert ranked(shuffled) == zones
    assert [DURATION[zone.timeframe] for zone in zones] == sorted((DURATION[of] for of, _ in facts), reverse=True)
    for zone in zones:
        candidates = [
            other
            for other in zones
            if DURATION[other.timeframe] > DURATION[zone.timeframe]
            and other.fact.bottom < zone.fact.top
            and other.fact.top > zone.fact.bottom
        ]
        assert governing(zones, zone) == (candidates[0] if candidates else None)
