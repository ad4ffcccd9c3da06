"""The facts of an analysis are sorted once, and not again for the next one that holds the very same (SIG-1)."""

from __future__ import annotations

from services.signals.view.index import Indexes
from shared.domain.facts import FactKind
from tests.support.signals.scenes import CLOSE, QUARTER, analysis, block, candle, fact, gap

ZONES: frozenset[FactKind] = frozenset({"order_block", "fvg"})


def test_an_analysis_with_the_same_facts_is_not_sorted_again() -> None:
    """SIG-1."""
    indexes, first = Indexes(), analysis(block(id="a"), gap(id="b"))
    before = indexes.of("15m", first)
    zones, blocks = before.zones(ZONES), before.of("order_block", "bullish")
    later = analysis(of=candle(CLOSE + QUARTER), trend="down", atr=2.0)
    same = type(later)(
        symbol=later.symbol, timeframe=later.timeframe, candle=later.candle, trend=later.trend, atr=later.atr,
        events=later.events, active=first.active,
    )  # fmt: skip
    after = indexes.of("15m", same)
    assert after is not before
    assert after.zones(ZONES) is zones
    assert after.of("order_block", "bullish") is blocks
    assert (after.bare().trend, after.bare().atr) == ("down", 2.0), "of the candle nothing is carried over"


def test_an_analysis_with_other_facts_is_sorted_anew() -> None:
    """SIG-1: equal counts and ids do not make the facts the same."""
    indexes = Indexes()
    indexes.of("15m", analysis(block(id="a"))).zones(ZONES)
    touched = block(id="a", state="mitigated", touches=1)
    found = indexes.of("15m", analysis(touched, of=candle(CLOSE + QUARTER))).zones(ZONES)
    assert [(each.fact, each.state) for each in found] == [(touched, "mitigated")]


def test_facts_of_a_kind_come_bullish_first_and_without_provisional_ones() -> None:
    """SIG-1."""
    index = Indexes().of(
        "15m",
        analysis(
            gap("bearish", id="down"), gap(id="up"), gap(id="not yet", state="provisional"), fact("bos", "none", 1.0, 1.0)
        ),
    )
    assert [each.id for each in index.of_kind("fvg")] == ["up", "down"]
    assert index.of_kind("choch") == ()


def test_a_zone_that_stands_on_is_the_same_and_a_changed_one_is_new() -> None:
    """SIG-1: other facts may come and go beside it."""
    indexes, stands, goes = Indexes(), block(id="a"), block(id="b", bottom=90.0, top=91.0)
    before = {zone.fact.id: zone for zone in indexes.of("15m", analysis(stands, goes)).zones(ZONES)}
    touched = block(id="b", bottom=90.0, top=91.0, state="mitigated", touches=1)
    later = analysis(touched, stands, gap(id="c"), of=candle(CLOSE + QUARTER))
    after = {zone.fact.id: zone for zone in indexes.of("15m", later).zones(ZONES)}
    assert after["a"] is before["a"]
    assert (after["b"].state, after["c"].fact.id) == ("mitigated", "c")


def test_the_last_break_is_found_anew_when_the_facts_change() -> None:
    """SIG-1: and kept while they do not."""
    indexes, old = Indexes(), fact("bos", "bullish", 100.0, 100.0, id="old")
    first = analysis(old)
    assert indexes.of("15m", first).last_break() is old
    new = fact("choch", "bearish", 99.0, 99.0, id="new", confirmed_at=CLOSE, changed_at=CLOSE)
    assert indexes.of("15m", analysis(old, new, of=candle(CLOSE + QUARTER))).last_break() is new
    assert indexes.of("15m", analysis(of=candle(CLOSE + 2 * QUARTER))).last_break() is None
