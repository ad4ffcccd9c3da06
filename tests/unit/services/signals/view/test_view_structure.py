"""Structure, the dealing range, and the data beneath them."""

from __future__ import annotations

import pytest

from services.signals.view import MarketView, UndeclaredRead
from services.signals.view.index import Indexes
from services.signals.view.scope import EVERYTHING, Scope
from shared.domain.timeframes import MINUTE, closing_at
from tests.support.signals.scenes import DAWN, analysis, block, candle, fact

HOUR = 60 * MINUTE


def range_of(direction: str = "bullish", bottom: float = 100.0, top: float = 200.0) -> MarketView:
    held = analysis(fact("dealing_range", direction, bottom, top), trend="up", of=candle(DAWN, "1h"))
    return MarketView("BTCUSDT", DAWN, closing_at(DAWN), {"1h": held}, {})


@pytest.mark.parametrize(
    ("price", "depth", "place"),
    [(100.0, 0.0, "discount"), (149.9, 0.499, "discount"), (150.0, 0.5, "equilibrium"), (175.0, 0.75, "premium"),
     (250.0, 1.5, "premium"), (50.0, -0.5, "discount")],
)  # fmt: skip
def test_premium_and_discount_are_sides_of_the_middle(price: float, depth: float, place: str) -> None:
    """ICT-10: also beyond the range."""
    assert range_of().depth(price, "1h") == pytest.approx(depth)
    assert range_of().place(price, "1h") == place


def test_a_band_around_the_middle_is_equilibrium() -> None:
    assert [range_of().place(price, "1h", band=0.1) for price in (139.0, 140.0, 160.0, 161.0)] == [
        "discount", "equilibrium", "equilibrium", "premium",
    ]  # fmt: skip


def test_without_a_range_there_is_no_place() -> None:
    empty = MarketView("BTCUSDT", DAWN, closing_at(DAWN), {"1h": analysis(of=candle(DAWN, "1h"))}, {})
    assert (empty.dealing_range("1h"), empty.depth(5.0, "1h"), empty.place(5.0, "1h")) == (None, None, None)


def test_the_last_break_is_the_later_of_bos_and_choch() -> None:
    """ICT-2."""
    early, late = (
        fact(kind, direction, 90.0, 90.0, state="final", confirmed_at=at, formed_at=at, changed_at=at)
        for kind, direction, at in (("bos", "bullish", DAWN - 2 * HOUR), ("choch", "bearish", DAWN - HOUR))
    )
    held = analysis(early, late, trend="down", of=candle(DAWN, "1h"))
    view = MarketView("BTCUSDT", DAWN, closing_at(DAWN), {"1h": held}, {})
    assert view.last_break("1h") == late
    assert (view.trend("1h"), view.trend("4h")) == ("down", "none")
    assert view.last_break("4h") is None


def test_a_timeframe_is_missing_from_its_close_on_and_without_history_before() -> None:
    """DATA-3: an hour that never came is missing until the next one, not only at its own close."""
    analyses = {"15m": analysis(of=candle(DAWN + HOUR, "15m")), "1h": analysis(of=candle(DAWN, "1h"))}
    scope = Scope({"15m": frozenset(), "1h": frozenset(), "4h": frozenset()})

    def missing(at: int) -> tuple[str, ...]:
        now = {**analyses, "15m": analysis(of=candle(at, "15m"))}
        view = MarketView("BTCUSDT", at, closing_at(at), now, {}, scope=scope)
        assert view.unfit() == (("data_missing",) if view.missing else ())
        return view.missing

    assert missing(DAWN + 15 * MINUTE) == ()
    assert missing(DAWN + HOUR) == ("1h",)
    assert missing(DAWN + HOUR + 15 * MINUTE) == ("1h",)
    assert missing(DAWN + 4 * HOUR) == ("1h", "4h")


def test_a_disputed_candle_of_any_timeframe_that_is_read_makes_it_unfit() -> None:
    """DATA-3: of another symbol too, and of no timeframe that is not read."""
    sound, wrong = analysis(of=candle(DAWN, "1h")), analysis(of=candle(DAWN, "4h", state="disputed"))
    analyses = {"1h": sound, "4h": wrong}
    hour, both = Scope({"1h": frozenset()}), Scope({"1h": frozenset(), "4h": frozenset()})
    assert MarketView("BTCUSDT", DAWN, closing_at(DAWN), analyses, {}, scope=hour).unfit() == ()
    view = MarketView("ETHUSDT", DAWN, closing_at(DAWN), analyses, {}, scope=both)
    assert (view.unfit(), view.disputed) == (("data_disputed",), ("4h",))
    beside = MarketView("BTCUSDT", DAWN, closing_at(DAWN), {"1h": sound}, {}, scope=hour, others={"ETHUSDT": view})
    assert beside.unfit() == ("data_disputed",)


def test_another_symbol_is_seen_at_the_same_close_when_it_is_declared() -> None:
    """SIG-1: for divergences between symbols."""
    other = MarketView("ETHUSDT", DAWN, closing_at(DAWN), {"1h": analysis(block(id="e"), of=candle(DAWN, "1h"))}, {})
    view = MarketView("BTCUSDT", DAWN, closing_at(DAWN), {}, {}, scope=EVERYTHING, others={"ETHUSDT": other})
    assert view.other("ETHUSDT").facts("order_block", "1h") == other.facts("order_block", "1h") != ()
    assert view.holds("e")
    with pytest.raises(UndeclaredRead, match="symbol XRPUSDT"):
        view.other("XRPUSDT")
    assert view.asked == ["symbol XRPUSDT"]


def test_an_index_serves_until_a_newer_analysis_comes() -> None:
    """A view made an hour later reads the newer facts through the same indexes."""
    indexes = Indexes()
    for number in range(3):
        held = analysis(block(id=f"b{number}"), of=candle(DAWN + number * HOUR, "1h"))
        for _ in range(2):
            view = MarketView("BTCUSDT", DAWN + number * HOUR, ("1h",), {"1h": held}, {}, indexes=indexes)
            assert [each.id for each in view.facts("order_block", "1h")] == [f"b{number}"]
