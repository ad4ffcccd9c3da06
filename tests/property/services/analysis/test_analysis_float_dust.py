"""What float64 cannot write decides nothing: one market, its prices reckoned in several ways (ICT-1 to ICT-12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.base.comparisons import Decimals, at_least, decimal, more_than, whole_steps
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Analysis
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, run, walks

TICKS: Final = ("0.1", "0.01", "0.5", "0.00001", "0.0000001", "10")
#: How many ticks become a price: as the exchange writes it, and as programs reckon it.
WRITTEN: Final = lambda ticks, tick: float(Decimal(ticks) * Decimal(tick))  # noqa: E731  # one of a row
RECKONED: Final[dict[str, Callable[[int, str], float]]] = {
    "product": lambda ticks, tick: ticks * float(tick),
    "thirds": lambda ticks, tick: ticks * (float(tick) / 3.0) * 3.0,
    "halves": lambda ticks, tick: ticks // 3 * float(tick) + (ticks - ticks // 3) * float(tick),
    "from above": lambda ticks, tick: 5_000 * float(tick) - (5_000 - ticks) * float(tick),
    "one by one": lambda ticks, tick: sum((float(tick) for _ in range(ticks)), start=0.0),
}


def priced(candles: Sequence[Candle], tick: str, reckon: Callable[[int, str], float]) -> list[Candle]:
    """The walk, whose prices are whole numbers, in another tick; extremes hold the others, as the float64 that they are."""
    made = []
    for each in candles:
        opened, high, low, close = (reckon(int(p), tick) for p in (each.open, each.high, each.low, each.close))
        made.append(msgspec.structs.replace(each, open=opened, high=high, low=low, close=close))
    return made


def said(analyses: Sequence[Analysis]) -> list[Analysis]:
    """Without the candles, which are passed on as they came."""
    return [msgspec.structs.replace(each, candle=analyses[0].candle) for each in analyses]


@pytest.mark.parametrize("way", RECKONED)
@pytest.mark.parametrize(
    "chosen", [LIVELY, OTHER_OPTIONS, AnalysisSettings(swing_length=2)], ids=["lively", "other", "default"]
)
@settings(max_examples=15, deadline=None)
@given(candles=walks, tick=st.sampled_from(TICKS))
def test_prices_reckoned_in_another_order_change_no_fact(
    way: str, chosen: AnalysisSettings, candles: list[Candle], tick: str
) -> None:
    """ICT-1..10: facts, their order, their prices and their sentences, exactly."""
    written = said(run(priced(candles, tick, WRITTEN), chosen))
    reckoned = said(run(priced(candles, tick, RECKONED[way]), chosen))
    for one, other in zip(written, reckoned, strict=True):
        assert (one.events, one.active, one.trend, one.atr) == (other.events, other.active, other.trend, other.atr)


def test_the_ways_of_reckoning_do_leave_dust() -> None:
    """STYLE: every checker has a specimen. Compared as they come, these prices are not the same."""
    for way, reckon in RECKONED.items():
        assert any(reckon(ticks, "0.1") != WRITTEN(ticks, "0.1") for ticks in range(300, 3_500)), way


@given(digits=st.integers(1, 10**10 - 1), exponent=st.integers(-14, 2))
def test_a_price_that_an_exchange_writes_comes_back_as_it_was_read(digits: int, exponent: int) -> None:
    """ICT-1: ten digits are kept, to the last bit; to take a price twice is to take it once."""
    price = float(f"{digits}e{exponent}")
    if price >= 1e-12:
        assert decimal(price) == price


@given(digits=st.integers(1, 10**9 - 1), exponent=st.integers(-9, 2), ulps=st.integers(-400, 400))
def test_dust_is_taken_off_a_price_and_a_tick_is_not(digits: int, exponent: int, ulps: int) -> None:
    """ICT-1: of nine digits; the tenth is a hundred thousand times larger than the dust."""
    price = float(f"{digits}e{exponent}")
    assert decimal(price * (1.0 + ulps * 2.0**-52)) == price
    assert decimal(float(f"{digits * 10 + 1}e{exponent - 1}")) > price


@given(prices=st.lists(st.floats(1e-13, 1e12, exclude_max=True), min_size=1, max_size=20))
def test_a_price_is_the_same_decimal_whatever_prices_came_before(prices: list[float]) -> None:
    """ICT-1: the scale that is kept from price to price decides nothing, at powers of ten neither."""
    kept = Decimals()
    for price in [*prices, 1e9, 10.0, 9.999999999999998, 1.0, 0.1, 0.09999999999999999, 1e-6, *prices]:
        assert kept.of(price) == decimal(price)


@given(ticks=st.integers(1, 10**7), least=st.integers(1, 1_000), tick=st.sampled_from(TICKS))
def test_a_size_equal_to_its_threshold_reaches_it_and_is_not_more(ticks: int, least: int, tick: str) -> None:
    """ICT-1: *at least* includes, *more than* does not; a tick decides either way."""
    bottom, top = WRITTEN(ticks, tick), WRITTEN(ticks + least, tick)
    size, threshold = top - bottom, least * float(tick)
    assert at_least(size, threshold, top)
    assert not more_than(size, threshold, top)
    assert not at_least(size, (least + 1) * float(tick), top)
    assert more_than(size, (least - 1) * float(tick), top)


@given(ticks=st.integers(1, 10**6), parts=st.integers(1, 20), each=st.integers(1, 50), tick=st.sampled_from(TICKS))
def test_a_part_counts_from_its_own_price_on(ticks: int, parts: int, each: int, tick: str) -> None:
    """ICT-5: the n-th part is reached at its end, not a tick before."""
    bottom, top = WRITTEN(ticks, tick), WRITTEN(ticks + parts * each, tick)
    for part in range(parts + 1):
        at = WRITTEN(ticks + (parts - part) * each, tick)
        assert whole_steps(top - at, top - bottom, float(parts), top) == part
        before = WRITTEN(ticks + (parts - part) * each + 1, tick)
        assert whole_steps(top - before, top - bottom, float(parts), top) == max(0, part - 1)
    assert whole_steps(top, top - bottom, float(parts), top) == parts
