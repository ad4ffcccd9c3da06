"""The quality gate and what stands beside the prices: order flow and funding that cannot be are left out, and told."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from services.ingest.core import IngestCore
from services.ingest.quality import candle_of, is_sound_flow, is_sound_funding
from services.ingest.settings import IngestSettings
from shared.bus.codec import encode
from shared.domain.candles import CandleBundle, FeedHistory, FeedStep, RawCandle
from shared.domain.control import Alert
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE

T = 1_736_121_600_000
FLOW, FUNDING = CandleFlow(taker_bought=1.0, trades=4, spread=0.001, imbalance=0.5), SettledFunding(rate=0.0001, time=T)
GOOD = RawCandle(
    symbol="BTCUSDT", open_time=T, open=100.0, high=110.0, low=90.0, close=105.0, volume=3.0, flow=FLOW, funding=FUNDING
)
WRONG: list[dict[str, Any]] = [
    {"flow": CandleFlow(taker_bought=3.1)},
    {"flow": CandleFlow(taker_bought=math.nan)},
    {"flow": CandleFlow(trades=-1)},
    {"flow": CandleFlow(spread=1.0)},
    {"flow": CandleFlow(spread=-0.1)},
    {"flow": CandleFlow(imbalance=math.nan)},
    {"flow": CandleFlow(imbalance=-1.1)},
    {"funding": SettledFunding(rate=math.nan, time=T)},
    {"funding": SettledFunding(rate=-1.0, time=T)},
    {"funding": SettledFunding(rate=0.0001, time=T + MINUTE)},
]


def core() -> IngestCore:
    return IngestCore(0, ("BTCUSDT",), ("1m", "5m"), IngestSettings())


def step(raw: RawCandle) -> FeedStep:
    return FeedStep(partition=0, close_time=T + MINUTE, candles=(raw,))


def test_sound_flow_and_funding_are_published_with_the_candle() -> None:
    """ICT-14."""
    (bundle,) = core().handle(step(GOOD), T + MINUTE)
    assert isinstance(bundle, CandleBundle)
    assert (bundle.candles[0].flow, bundle.candles[0].funding) == (FLOW, FUNDING)


@pytest.mark.parametrize("wrong", WRONG)
def test_flow_that_cannot_be_is_left_out_with_an_alert_and_the_prices_go_on(wrong: dict[str, Any]) -> None:
    """DATA-3: a source's wrong number costs no candle, and reaches no strategy."""
    ingest = core()
    alert, bundle = ingest.handle(step(msgspec.structs.replace(GOOD, **wrong)), T + MINUTE)
    assert isinstance(alert, Alert)
    assert alert.key == "flow_refused:BTCUSDT"
    assert isinstance(bundle, CandleBundle)
    (candle,) = bundle.candles
    assert candle.flow == (None if "flow" in wrong else FLOW)
    assert candle.funding == (None if "funding" in wrong else FUNDING)
    assert ingest.counts == {"flow_refused": 1}
    assert encode(bundle)


@pytest.mark.parametrize("wrong", WRONG)
def test_flow_that_the_gate_lets_through_can_be_decoded_by_the_next_service(wrong: dict[str, Any]) -> None:
    """The bounds are those of the message types."""
    raw = msgspec.structs.replace(GOOD, **wrong)
    assert not (is_sound_flow(raw.flow, raw.volume) and is_sound_funding(raw.funding, T + MINUTE))
    kind = CandleFlow if "flow" in wrong else SettledFunding
    try:
        msgspec.convert(msgspec.to_builtins(getattr(raw, "flow" if "flow" in wrong else "funding")), kind)
    except msgspec.ValidationError:
        return
    with pytest.raises(ValueError):  # what only the candle can tell
        msgspec.structs.replace(candle_of(GOOD, "closed"), **wrong)


def test_the_history_of_a_session_has_its_flow_too() -> None:
    """A strategy that looks back on order flow is warm when the session begins."""
    (bundle,) = core().handle(FeedHistory(partition=0, timeframe="1m", candles=(GOOD,)), T + 10 * MINUTE)
    assert isinstance(bundle, CandleBundle)
    assert bundle.candles[0].flow == FLOW
