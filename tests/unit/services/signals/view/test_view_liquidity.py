"""Liquidity: what was taken, what still rests, and in which order price meets it."""

from __future__ import annotations

import msgspec
import pytest

from services.signals.view import MarketView, SymbolMemory, UndeclaredRead
from services.signals.view.memory import MOMENTS
from services.signals.view.scope import Scope
from shared.domain.facts import Fact
from shared.domain.timeframes import MINUTE, Timeframe, closing_at
from tests.support.signals.scenes import DAWN, analysis, candle, fact

FIVE = 5 * MINUTE


def happened(kind: str, direction: str, at: int, **changes: object) -> Fact:
    fields: dict[str, object] = {
        "id": f"{kind}-{direction}-{at}",
        "formed_at": at - FIVE,
        "confirmed_at": at,
        "changed_at": at,
        "state": "final",
    }
    return fact(kind, direction, 99.0, 100.0, **(fields | changes))


def after(*moments: Fact, limit: int = 16) -> MarketView:
    """A 5m memory that took these facts in, each at its close, and the view a candle later."""
    memory = SymbolMemory()
    last = DAWN
    for at in sorted({each.changed_at for each in moments}):
        events = tuple(each for each in moments if each.changed_at == at)
        told = analysis(of=candle(at, "5m"))
        memory.absorb(msgspec.structs.replace(told, events=events), MOMENTS, limit)
        last = at
    at = last + FIVE
    memory.absorb(analysis(of=candle(at, "5m")), MOMENTS, limit)
    return MarketView("BTCUSDT", at, closing_at(at), memory.analyses, memory.candles, moments=memory.moments)


def test_the_last_sweep_is_remembered_when_no_analysis_holds_it_any_more() -> None:
    """ICT-8: a sweep is told once."""
    view = after(
        happened("sweep", "bullish", DAWN),
        happened("sweep", "bullish", DAWN + FIVE),
        happened("sweep", "bearish", DAWN + 2 * FIVE),
    )
    last = view.last_sweep("bullish", "5m")
    assert last is not None
    assert last.confirmed_at == DAWN + FIVE
    assert view.swept("bullish", "5m", since=DAWN + FIVE)
    assert not view.swept("bullish", "5m", since=DAWN + FIVE + 1)
    assert view.holds(last.id)
    assert not view.holds("dream")


def test_swept_since_the_kill_zone_opened() -> None:
    """ICT-9: the opening is remembered after the zone has closed."""
    window: dict[str, object] = {"id": "w", "label": "london", "formed_at": DAWN - FIVE, "confirmed_at": DAWN}
    opened = happened("kill_zone", "none", DAWN, state="active", **window)
    closed = happened("kill_zone", "none", DAWN + 2 * FIVE, **window)
    view = after(opened, happened("sweep", "bullish", DAWN + FIVE), closed)
    since = view.last_open("kill_zone", "5m")
    assert since == DAWN - FIVE
    assert view.last_open("kill_zone", "5m", "new_york") is None
    assert view.swept("bullish", "5m", since=since)
    assert not view.swept("bearish", "5m", since=since)
    assert view.open_windows("kill_zone", "5m") == ()


def test_displacement_after_the_sweep_is_the_first_of_its_direction() -> None:
    sweep = happened("sweep", "bullish", DAWN)
    with_it = happened("displacement", "bullish", DAWN)
    against = happened("displacement", "bearish", DAWN + FIVE)
    first, second = (happened("displacement", "bullish", DAWN + n * FIVE) for n in (2, 3))
    view = after(sweep, with_it, against, first, second)
    found = view.displacement_after(sweep, "5m")
    assert found == first, "not the one of the sweep's own candle, not the one against it"
    assert view.displacement_after(second, "5m") is None


def test_moments_are_bounded_and_the_oldest_go_first() -> None:
    """Invariant 6."""
    view = after(*[happened("sweep", "bullish", DAWN + n * FIVE) for n in range(40)], limit=3)
    assert [each.confirmed_at for each in view.moments("sweep", "5m")] == [DAWN + n * FIVE for n in (37, 38, 39)]


def test_a_kind_that_lives_on_is_no_moment() -> None:
    with pytest.raises(ValueError, match="order_block is no moment"):
        after(happened("sweep", "bullish", DAWN)).moments("order_block", "5m")


def level(kind: str, direction: str, price: float, **changes: object) -> Fact:
    return fact(kind, direction, price, price, **changes)


def levels(scope: Scope | None = None) -> MarketView:
    frames: dict[Timeframe, tuple[Fact, ...]] = {
        "15m": (
            level("liquidity_pool", "bearish", 104.0), level("equal_highs", "bearish", 103.0),
            level("previous_day_high", "bearish", 110.0, id="pdh15"), level("liquidity_pool", "bullish", 95.0),
            level("previous_day_low", "bullish", 90.0), level("session_high", "bearish", 99.0),
        ),
        "1h": (level("previous_day_high", "bearish", 110.0, id="pdh1h"), level("previous_week_high", "bearish", 120.0)),
    }  # fmt: skip
    analyses = {frame: analysis(*found, of=candle(DAWN, frame)) for frame, found in frames.items()}
    more = {} if scope is None else {"scope": scope}
    return MarketView("BTCUSDT", DAWN, closing_at(DAWN), analyses, {}, **more)  # type: ignore[arg-type]  # one keyword


def test_targets_beyond_a_price_come_in_the_order_in_which_price_meets_them() -> None:
    """SIG-7: partial targets at liquidity; of one price on two timeframes, the longer stands for both."""
    view = levels()
    above = view.targets("BUY", 100.0, "15m")
    assert [target.fact.top for target in above] == [103.0, 104.0, 110.0, 120.0]
    assert [target.fact.id for target in above if target.fact.top == 110.0] == ["pdh1h"]
    assert [target.fact.top for target in view.targets("SELL", 100.0, "15m")] == [95.0, 90.0]
    assert [target.fact.top for target in view.targets("BUY", 103.0, "15m", or_higher=False)] == [104.0, 110.0]
    assert view.targets("SELL", 90.0, "15m") == ()


def test_targets_are_of_declared_kinds() -> None:
    view = levels(Scope({"1h": frozenset({"previous_week_high"}), "15m": frozenset({"fvg"})}))
    assert [target.fact.top for target in view.targets("BUY", 100.0, "15m")] == [120.0]
    assert view.asked == []
    with pytest.raises(UndeclaredRead):
        view.targets("BUY", 100.0, "15m", or_higher=False)
    assert view.asked != []


def test_previous_levels_are_there_until_they_are_taken() -> None:
    view = levels()
    day, week = view.previous("day", "15m"), view.previous("week", "1h")
    assert (day.high and day.high.top, day.low and day.low.top) == (110.0, 90.0)
    assert (week.high and week.high.top, week.low) == (120.0, None)
