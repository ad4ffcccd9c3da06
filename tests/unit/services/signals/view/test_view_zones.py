"""The nearest zone, as a trader would point at it."""

from __future__ import annotations

import pytest

from services.signals.view import MarketView, UndeclaredRead
from services.signals.view.scope import Scope
from shared.domain.facts import Analysis, Fact
from shared.domain.timeframes import Timeframe, closing_at
from tests.support.signals.scenes import DAWN, analysis, block, candle, fact, gap


def market(zones: dict[Timeframe, tuple[Fact, ...]], scope: Scope | None = None) -> MarketView:
    """The view at a close of all timeframes but the week, with these facts on each."""
    analyses: dict[Timeframe, Analysis] = {frame: analysis(*found, of=candle(DAWN, frame)) for frame, found in zones.items()}
    more = {} if scope is None else {"scope": scope}
    return MarketView("BTCUSDT", DAWN, closing_at(DAWN), analyses, dict.fromkeys(analyses, 50), **more)  # type: ignore[arg-type]  # one keyword


def test_the_nearest_bullish_block_below_is_found_on_the_timeframe_or_higher() -> None:
    """SIG-1, ICT-13."""
    view = market({
        "15m": (block(id="too fine", bottom=98.0, top=99.0),),
        "1h": (block(id="far", bottom=90.0, top=91.0), block(id="near", bottom=95.0, top=96.0)),
        "4h": (block(id="higher", bottom=94.0, top=97.0), block("bearish", id="wrong side", bottom=96.0, top=99.0)),
    })  # fmt: skip
    found = view.order_block("bullish", 100.0, "1h")
    assert found is not None
    assert (found.fact.id, found.timeframe, found.tier) == ("higher", "4h", "HTF")
    only = view.order_block("bullish", 100.0, "1h", or_higher=False)
    assert only is not None
    assert only.fact.id == "near"
    assert view.order_block("bullish", 80.0, "1h") is None, "it lies above the price: price has passed through it"


def test_price_inside_a_zone_is_nearest_of_all_and_at_its_far_side_still_inside() -> None:
    view = market({"1h": (block(id="around", bottom=95.0, top=105.0), block(id="below", bottom=99.0, top=99.9))})
    for price, found in ((100.0, "around"), (95.0, "around"), (99.9, "around")):
        nearest = view.order_block("bullish", price, "1h")
        assert nearest is not None
        assert nearest.fact.id in (found, "below")
    assert view.order_block("bullish", 94.9, "1h") is None


def test_a_block_that_price_came_back_to_counts_only_when_asked_for() -> None:
    touched = block(id="touched", state="mitigated", touches=1, bottom=98.0, top=99.0)
    view = market({"1h": (touched, block(id="fresh", bottom=90.0, top=91.0))})
    fresh, any_ = view.order_block("bullish", 100.0, "1h"), view.order_block("bullish", 100.0, "1h", unmitigated=False)
    assert fresh is not None
    assert any_ is not None
    assert (fresh.fact.id, any_.fact.id) == ("fresh", "touched")


def test_the_nearest_gap_above_is_found_for_a_sell() -> None:
    view = market(
        {"5m": (gap("bearish", id="g", bottom=104.0, top=105.0), gap("bearish", id="far", bottom=108.0, top=109.0))}
    )
    found = view.gap("bearish", 100.0, "5m")
    assert found is not None
    assert found.fact.id == "g"
    assert view.gap("bullish", 100.0, "5m") is None


def test_of_equally_near_zones_the_longer_timeframe_speaks_then_the_score() -> None:
    same = {"bottom": 95.0, "top": 96.0}
    hours = (block(id="b", score=0.3, **same), block(id="c", score=0.4, **same))
    view = market({"15m": (block(id="a", score=1.0, **same),), "1h": hours})
    found = view.order_block("bullish", 100.0, "5m")
    assert found is not None
    assert found.fact.id == "c"


def test_zones_of_all_timeframes_come_by_priority_and_a_higher_one_overrules() -> None:
    """ICT-13: HTF before MTF before LTF."""
    view = market(
        {"15m": (block(id="m", bottom=100.0, top=101.0),), "4h": (block("bearish", id="h", bottom=99.0, top=103.0),)}
    )
    zones = view.zones()
    assert [zone.fact.id for zone in zones] == ["h", "m"]
    assert view.overruled(zones[1])
    assert not view.overruled(zones[0])
    assert [zone.fact.id for zone in view.zones_reached(zones, "15m")] == ["h", "m"]
    assert view.zones_reached(zones, "1w") == ()


def test_provisional_zones_are_never_found() -> None:
    """Nothing may rest on what can still be withdrawn."""
    view = market({"1h": (fact("liquidity_void", "bullish", 95.0, 96.0, state="provisional"),)})
    assert view.nearest("liquidity_void", "bullish", 100.0, "1h") is None
    assert view.facts("liquidity_void", "1h") == ()


def test_the_entry_zone_is_the_living_one() -> None:
    view = market({"1h": (fact("ote", "bullish", 95.0, 96.0),), "4h": ()})
    entry = view.entry_zone("1h")
    assert entry is not None
    assert entry.bottom == 95.0
    assert view.entry_zone("4h") is None


def test_a_read_that_is_not_declared_is_refused_and_remembered() -> None:
    """SIG-8: also when it is there because another strategy reads it."""
    scope = Scope({"1h": frozenset({"order_block"}), "15m": frozenset({"fvg"})})
    view = market({"1h": (block(id="b"), gap(id="g")), "15m": (gap(id="g15"),), "4h": (block(id="b4"),)}, scope)
    assert view.order_block("bullish", 200.0, "15m") is not None, "declared on a higher timeframe"
    with pytest.raises(UndeclaredRead, match="order_block on 15m"):
        view.order_block("bullish", 200.0, "15m", or_higher=False)
    with pytest.raises(UndeclaredRead, match="fvg on 1h or higher"):
        view.gap("bullish", 200.0, "1h")
    with pytest.raises(UndeclaredRead, match="timeframe 4h; it declares 15m, 1h"):
        view.newest("4h")
    assert view.asked == ["order_block on 15m", "fvg on 1h or higher", "timeframe 4h; it declares 15m, 1h"]
    hour = view.newest("1h")
    assert hour is not None
    assert [each.id for each in hour.active] == ["b"], "the gap is another strategy's"
    assert [zone.fact.id for zone in view.zones()] == ["b", "g15"]
