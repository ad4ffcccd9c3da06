"""The view answers what a plain search through the facts finds, and mirrored for the other side."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.view import MarketView, SymbolMemory
from services.signals.view.memory import MOMENTS
from services.signals.zone_priority import by_priority
from shared.domain.facts import Analysis, Fact
from shared.domain.timeframes import DURATION, MINUTE, Timeframe, closing_at
from tests.support.signals.scenes import DAWN, analysis, candle, fact, mirror

FRAMES: tuple[Timeframe, ...] = ("5m", "15m", "1h", "4h")
TOLD = ("sweep", "displacement", "fvg")
KINDS = ("order_block", "fvg", "breaker_block")


@st.composite
def markets(draw: st.DrawFn) -> dict[Timeframe, tuple[Fact, ...]]:
    """Some zones on some timeframes, around 103."""
    found: dict[Timeframe, tuple[Fact, ...]] = {}
    for frame in draw(st.sets(st.sampled_from(FRAMES))):
        zones = []
        for number in range(draw(st.integers(0, 6))):
            bottom = draw(st.integers(90, 115))
            zones.append(
                fact(
                    draw(st.sampled_from(KINDS)),
                    draw(st.sampled_from(("bullish", "bearish"))),
                    float(bottom),
                    float(bottom + draw(st.integers(0, 4))),
                    id=f"{frame}-{number}",
                    state=draw(st.sampled_from(("active", "active", "mitigated", "provisional"))),
                    score=draw(st.integers(0, 2)) / 2,
                )
            )
        found[frame] = tuple(zones)
    return found


def view(market: dict[Timeframe, tuple[Fact, ...]]) -> MarketView:
    analyses: dict[Timeframe, Analysis] = {
        frame: analysis(*zones, of=candle(DAWN, frame)) for frame, zones in market.items()
    }
    return MarketView("BTCUSDT", DAWN, closing_at(DAWN, FRAMES), analyses, {})


@settings(max_examples=150, deadline=None)
@given(markets(), st.sampled_from(KINDS), st.integers(88, 120), st.sampled_from(FRAMES), st.booleans(), st.booleans())
def test_the_nearest_zone_is_what_a_plain_search_finds(market, kind, price, timeframe, or_higher, untouched):
    """SIG-1: by distance, then the longer timeframe, then the score."""
    fits = [
        (max(price - zone.top, 0.0), -DURATION[frame], -zone.score, zone.id)
        for frame, zones in market.items()
        for zone in zones
        if zone.kind == kind and zone.direction == "bullish" and zone.state != "provisional" and zone.bottom <= price
        if frame == timeframe or (or_higher and DURATION[frame] > DURATION[timeframe])
        if not untouched or zone.state == "active"
    ]
    found = view(market).nearest(kind, "bullish", float(price), timeframe, or_higher=or_higher, untouched=untouched)
    assert (found.fact.id if found is not None else None) == (min(fits)[3] if fits else None)


@settings(max_examples=100, deadline=None)
@given(markets(), st.sampled_from(KINDS), st.integers(88, 118), st.sampled_from(FRAMES))
def test_the_mirrored_market_gives_the_mirrored_answers(market, kind, price, timeframe):
    """A view that favours one side would make every strategy do so."""
    upside_down = {frame: tuple(mirror(zone) for zone in zones) for frame, zones in market.items()}
    for direction, other in (("bullish", "bearish"), ("bearish", "bullish")):
        found = view(market).nearest(kind, direction, float(price), timeframe)
        mirrored = view(upside_down).nearest(kind, other, 206.0 - price, timeframe)
        assert (found and found.fact.id) == (mirrored and mirrored.fact.id)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(("sweep", "displacement", "fvg")), st.integers(1, 60)), max_size=40),
    st.integers(1, 8),
)
def test_the_memory_of_moments_is_what_was_told_last_and_survives_a_repeat(told, limit):
    """Invariants 3, 6: repeats and late analyses change nothing, and each kind keeps its newest."""
    memory = SymbolMemory()
    kept: dict[str, list[str]] = {"sweep": [], "displacement": []}
    for at in sorted({minute for _, minute in told}):
        close = DAWN + at * MINUTE
        events = tuple(
            fact(kind, "bullish", 99.0, 100.0, id=f"{number}", formed_at=close, confirmed_at=close, changed_at=close)
            for number, (kind, minute) in enumerate(told)
            if minute == at
        )
        shown = msgspec.structs.replace(analysis(of=candle(close, "1m")), events=events)
        for _ in range(2):
            memory.absorb(shown, MOMENTS, limit)
        for event in events:
            if event.kind in kept:
                kept[event.kind].append(event.id)
    held = memory.moments.get("1m", {})
    assert {kind: [each.id for each in held.get(kind, ())] for kind in kept} == {k: ids[-limit:] for k, ids in kept.items()}
    assert set(held) <= set(kept)


@settings(max_examples=80, deadline=None)
@given(markets(), st.sets(st.sampled_from(KINDS), min_size=1))
def test_zones_of_all_timeframes_are_in_the_order_of_priority(market, kinds):
    """ICT-13: what is kept by timeframe and joined is what one sort of all gives."""
    analyses = {frame: analysis(*zones, of=candle(DAWN, frame)) for frame, zones in market.items()}
    for _ in range(2):
        assert view(market).zones(frozenset(kinds)) == by_priority(analyses, kinds)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(FRAMES), st.lists(st.integers(90, 115), max_size=6)), st.integers(88, 118))
def test_targets_of_both_sides_mirror_each_other_and_move_away_from_price(prices, beyond):
    """SIG-7: strictly beyond the price, each price once, nearest first."""
    highs = {
        frame: tuple(
            fact("liquidity_pool", "bearish", float(at), float(at), id=f"{frame}-{n}") for n, at in enumerate(levels)
        )
        for frame, levels in prices.items()
    }
    above = view(highs).targets("BUY", float(beyond), "5m")
    below = view({frame: tuple(map(mirror, facts)) for frame, facts in highs.items()}).targets("SELL", 206.0 - beyond, "5m")
    assert [each.fact.id for each in above] == [each.fact.id for each in below]
    assert [each.fact.top for each in above] == sorted({float(at) for each in prices.values() for at in each if at > beyond})


@settings(max_examples=60, deadline=None)
@given(markets(), st.sampled_from(FRAMES))
def test_an_analysis_without_facts_is_the_same_candle_trend_and_range(market, timeframe):
    """SIG-1: what strategies get that look at the candle alone."""
    seen = view(market)
    whole, bare = seen.newest(timeframe), seen.bare(timeframe)
    assert bare == (None if whole is None else msgspec.structs.replace(whole, active=(), events=()))
    assert (seen.bare_at_close(timeframe) is None) == (seen.at_close(timeframe) is None)
    reading, closing = seen.reading(timeframe), seen.reading_at_close(timeframe)
    assert (reading is None) == (whole is None)
    assert (closing is None) == (seen.at_close(timeframe) is None)
    if reading is not None and whole is not None:
        assert (reading.candle, reading.trend, reading.atr) == (whole.candle, whole.trend, whole.atr)
