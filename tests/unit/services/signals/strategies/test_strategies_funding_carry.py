"""Funding carry as tables: the rate, its age and where price is, and what it says; a negative rate is the mirror.

A 15m close at 00:15; the average of four closes before and with it, the average true range is 1: stop 2 away, target 4.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signals.contract import Enabled
from services.signals.judging import ask
from services.signals.strategies import STRATEGIES
from services.signals.strategies.classical.funding_carry import FundingCarrySettings
from services.signals.view import MarketView
from services.signals.view.history import History
from shared.domain.decisions import Judgement
from shared.domain.order_flow import SettledFunding
from shared.domain.timeframes import MINUTE, closing_at
from tests.support.signals.scenes import CLOSE, DAWN, analysis, candle

HOUR = 60 * MINUTE
FLAT = [100.0, 100.0, 100.0, 100.0]
#: Name: rate, minutes since the settlement, the last four closes, settings, and what is said where longs are crowded.
SHORT: dict[str, tuple[float | None, int, list[float], dict[str, Any], str | tuple[str, ...]]] = {
    "crowded, fresh and calm": (0.0006, 15, FLAT, {}, "SELL"),
    "at the threshold": (0.0005, 15, FLAT, {}, "SELL"),
    "not crowded": (0.0004, 15, FLAT, {}, ("no_setup",)),
    "nobody pays": (0.0, 15, FLAT, {}, ("no_setup",)),
    "funding not known": (None, 15, FLAT, {}, ("no_funding",)),
    "the second close after it": (0.0006, 30, FLAT, {}, ("outside_window",)),
    "the second close, and two are allowed": (0.0006, 30, FLAT, {"entry_candles": 2}, "SELL"),
    "price runs with the crowd": (0.0006, 15, [100.0, 100.0, 100.0, 104.4], {}, ("against_structure",)),
    "price runs, but not too far": (0.0006, 15, [100.0, 100.0, 100.0, 104.0], {}, "SELL"),
    "price runs against the crowd": (0.0006, 15, [100.0, 100.0, 100.0, 90.0], {}, "SELL"),
    "late and price runs": (0.0006, 45, [100.0, 100.0, 100.0, 104.4], {}, ("outside_window", "against_structure")),
    "too little history": (0.0006, 15, [100.0, 100.0, 100.0], {}, ("warming_up",)),
}


def asked(rate: float | None, minutes: int, closes: list[float], options: dict[str, Any], *, atr: float = 1.0) -> Judgement:
    strategy = STRATEGIES["funding_carry"]
    enabled = Enabled(strategy, FundingCarrySettings(trend=4, **options))
    last = closes[-1]
    funding = None if rate is None else SettledFunding(rate=rate, time=CLOSE - minutes * MINUTE)
    shown = analysis(of=candle(CLOSE, open=last, high=last + 0.1, low=last - 0.1, close=last, funding=funding), atr=atr)
    past = History(highs=[each + 0.1 for each in closes], lows=[each - 0.1 for each in closes], closes=closes)
    view = MarketView(
        "BTCUSDT", CLOSE, closing_at(CLOSE), {"15m": shown}, {"15m": 100}, scope=enabled.scope, history={"15m": past}
    )
    judgement, fault = ask(enabled, view)
    assert fault is None
    return judgement


def outcome(judgement: Judgement) -> str | tuple[str, ...]:
    return judgement.signal.side if judgement.signal is not None else judgement.reasons


@pytest.mark.parametrize(("rate", "minutes", "closes", "options", "expected"), SHORT.values(), ids=SHORT.keys())
def test_crowded_longs_are_sold_and_each_condition_turned_off_stops_it(
    rate: float | None, minutes: int, closes: list[float], options: dict[str, Any], expected: str | tuple[str, ...]
) -> None:
    """SIG-4, SIG-7."""
    assert outcome(asked(rate, minutes, closes, options)) == expected


@pytest.mark.parametrize(("rate", "minutes", "closes", "options", "expected"), SHORT.values(), ids=SHORT.keys())
def test_crowded_shorts_are_bought_by_the_same_rules(
    rate: float | None, minutes: int, closes: list[float], options: dict[str, Any], expected: str | tuple[str, ...]
) -> None:
    mirrored = [200.0 - close for close in closes]
    said = outcome(asked(None if rate is None else -rate, minutes, mirrored, options))
    assert said == ("BUY" if expected == "SELL" else expected)


@given(
    rate=st.floats(-0.01, 0.01),
    closes=st.lists(st.integers(90, 110).map(float), min_size=4, max_size=4),
    minutes=st.sampled_from((15, 30)),
)
def test_a_mirrored_market_gives_the_mirrored_trade(rate: float, closes: list[float], minutes: int) -> None:
    """Trades of both sides are one arithmetic."""
    one = asked(rate, minutes, closes, {})
    other = asked(-rate, minutes, [200.0 - close for close in closes], {})
    assert one.reasons == other.reasons
    if one.signal is not None and other.signal is not None:
        assert one.signal.side != other.signal.side
        assert one.signal.stop == pytest.approx(200.0 - other.signal.stop)
        assert one.signal.target == pytest.approx(200.0 - other.signal.target)
        assert one.signal.close_by == other.signal.close_by


def test_the_trade_ends_a_minute_after_its_last_payment() -> None:
    """SIG-4: the stop and the target are in average true ranges; the sentence says who paid how much."""
    signal = asked(0.0006, 15, FLAT, {"payments": 2}).signal
    assert signal is not None
    assert (signal.entry.price, signal.stop, signal.target) == (100.0, 102.0, 96.0)
    assert signal.close_by == DAWN + 2 * 8 * HOUR + MINUTE
    assert signal.why.startswith("BTCUSDT 15m: longs paid 0.0600% of funding at 2024-01-02 00:00 UTC")
    hourly = asked(0.0006, 15, FLAT, {"payments": 3, "funding_hours": 1}).signal
    assert hourly is not None
    assert hourly.close_by == DAWN + 3 * HOUR + MINUTE


def test_a_stop_out_of_bounds_and_an_unknown_range_are_refused_with_their_reasons() -> None:
    assert asked(0.0006, 15, FLAT, {}, atr=5.0).reasons == ("stop_too_far",)
    assert asked(0.0006, 15, FLAT, {}, atr=0.01).reasons == ("stop_too_near",)
    assert asked(0.0006, 15, FLAT, {}, atr=0.0).reasons == ("warming_up",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"entry_candles": 32, "payments": 1},
        {"timeframe": "1d", "payments": 3},
        {"threshold": 0.0},
        {"trend": 1_001},
        {"funding_hours": 9},
    ],
)
def test_settings_that_could_not_work_are_refused(wrong: dict[str, Any]) -> None:
    """A trade would be entered when it is to be closed."""
    with pytest.raises(ValueError):
        FundingCarrySettings(**wrong)


def test_it_reads_nothing_but_prices_and_the_funding() -> None:
    """SIG-1."""
    scope = Enabled(STRATEGIES["funding_carry"], FundingCarrySettings(trend=1_000)).scope
    assert (scope.reads, scope.history, scope.flow, scope.funding) == ({"15m": frozenset()}, {"15m": 1_000}, {}, True)
