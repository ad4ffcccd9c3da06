"""Top-down confluence as a table: a day with a 4h trend up, and what each missing piece of it does.

At 09:35 the 5m candle closes at 100.5. The 4h trend is up, the 1h candle of 08:00 came back into a 1h order block 99-99.5
and a 15m gap 99.25-99.75, and 5m structure broke up at 100.25. Stop 0.2 % below the 1h low of 99: risk 1.698.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from services.signals.strategies.top_down import STRATEGY, TopDownSettings
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import TOP_DOWN as STAGE
from tests.support.signals.stage import ago, fact

AT = STAGE.at


def test_a_turn_in_a_zone_with_the_trend_of_the_higher_timeframe_is_bought() -> None:
    """SIG-2, SIG-3, SIG-7: stop under the low of the hour, half off at the pool, the rest at the day's high."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("BUY", MarketEntry(price=100.5))
    assert signal.stop == pytest.approx(99.0 * 0.998)
    assert [(each.price, each.share) for each in signal.exits] == [(102.5, 0.5), (104.5, 0.5)]
    assert signal.break_even_after == 1
    assert signal.valid_until == AT + 60_000
    # 2 structure + 2 block + 1.5 gap + 2 sweep + 1 kill zone
    assert signal.score == 8.5
    assert signal.rests_on == ("order_block", "fvg", "choch", "sweep", "kill_zone")
    for words in ("4h trend up", "1h order block 99-99.5", "5m structure broke up at 100.25", "8.5 points of 4"):
        assert words in signal.why


def test_the_mirrored_day_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", MarketEntry(price=99.5))
    assert signal.stop == pytest.approx(101.0 * 1.002)
    assert [each.price for each in signal.exits] == [97.5, 95.5]


ZONES = ("order_block", "fvg")
REFUSED = {
    "no bias": (STAGE.trend("4h", "none"), ("no_bias",)),
    "bias against the zones": (
        STAGE.trend("4h", "down"),
        ("no_order_block", "no_fvg", "zone_overruled", "no_shift", "low_score"),
    ),
    "no zone": (STAGE.drop(*ZONES), ("no_order_block", "no_fvg")),
    "a block too weak, no gap": (STAGE.drop("fvg").change("order_block", score=0.2), ("no_order_block", "no_fvg")),
    "price has not come back": (
        STAGE.candle("1h", 100.5, 101.0, 100.0, 100.25).candle("5m", 100.0, 100.5, 99.875, 100.5),
        ("price_not_in_zone",),
    ),
    "zones of this very hour": (
        STAGE.change("order_block", confirmed_at=ago(AT, "1h", 0), changed_at=ago(AT, "1h", 0)).change(
            "fvg", confirmed_at=ago(AT, "15m", 0), changed_at=AT
        ),
        ("price_not_in_zone",),
    ),
    "closed through the zones": (
        STAGE.candle("5m", 100.0, 100.5, 98.5, 98.75),
        ("price_not_in_zone",),
    ),
    "a 4h block against it": (
        STAGE.plus("4h", fact("order_block", "bearish", 99.0, 101.0, ago(AT, "4h", 3), id="above")),
        ("zone_overruled",),
    ),
    "no break": (STAGE.drop("choch"), ("no_shift",)),
    "a break the other way": (STAGE.change("choch", direction="bearish"), ("no_shift",)),
    "a break too long ago": (
        STAGE.change("choch", formed_at=AT - 90 * MINUTE, confirmed_at=AT - 15 * MINUTE, changed_at=AT - 15 * MINUTE),
        ("no_shift",),
    ),
    "too little confluence": (STAGE.trend("1h", "down").drop("sweep", "kill_zone", "order_block"), ("low_score",)),
    "the zone was traded": (replace(STAGE, used=("order_block",)), ("zone_used",)),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        ({"max_stop_distance": 0.0168}, ("stop_too_far",)),
        ({"min_stop_distance": 0.0170, "max_stop_distance": 0.1}, ("stop_too_near",)),
        ({"warmup_candles": 1_001}, ("warming_up",)),
        ({"entry_score": 8.5}, None),
        ({"entry_score": 8.75}, ("low_score",)),
        ({"weight_kill_zone": 1.25, "entry_score": 8.75}, None),
    ],
)
def test_bounds_are_settings(settings, reasons) -> None:
    answer = STAGE.ask(STRATEGY, **settings)
    assert isinstance(answer, Signal) if reasons is None else answer == reasons


EXTRA = {
    "the optimal trade entry": ("15m", fact("ote", "bullish", 99.0, 99.5, ago(AT, "1h", 2)), 1.5),
    "an SMT divergence": ("15m", fact("smt_swing", "bullish", 99.0, 99.0, ago(AT, "15m", 2)), 1.0),
    "a 4h block": ("4h", fact("order_block", "bullish", 99.0, 99.5, ago(AT, "4h", 2), id="high"), 0.5),
}


@pytest.mark.parametrize(("frame", "more", "points"), EXTRA.values(), ids=EXTRA.keys())
def test_more_confluence_gives_more_points(frame, more, points) -> None:
    """SIG-2: the weights; a zone of the higher timeframe weighs 1.25 of one of the middle."""
    signal = STAGE.plus(frame, more).ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert signal.score == 8.5 + points
    assert more.id in signal.rests_on


def test_confluence_of_the_other_direction_gives_none() -> None:
    for frame, more, _ in list(EXTRA.values())[:2]:
        other = fact(more.kind, "bearish", more.bottom, more.top, more.confirmed_at)
        signal = STAGE.plus(frame, other).ask(STRATEGY)
        assert isinstance(signal, Signal)
        assert signal.score == 8.5


def test_timeframes_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="none may be shorter"):
        TopDownSettings(timeframe="1h")
    with pytest.raises(ValidationError, match="must not decrease"):
        TopDownSettings(reward_risk=0.5)
