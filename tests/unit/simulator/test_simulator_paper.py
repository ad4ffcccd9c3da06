"""Paper mode's market: live candles move the simulated exchange, once a minute, in order."""

from __future__ import annotations

from decimal import Decimal

from shared.domain.candles import Candle, CandleBundle, CandleState
from shared.domain.control import ClockTick, FundingDue
from shared.domain.market_step import MarketStep
from shared.domain.timeframes import MINUTE, Timeframe
from simulator.paper import PaperMarket
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, at
from tests.support.runtime.telling import tell


def bundle(
    minute: int, *symbols: str, partition: int = 0, state: CandleState = "closed", timeframe: Timeframe = "1m",
    warmup: bool = False,
) -> CandleBundle:  # fmt: skip
    candles = tuple(
        Candle(
            symbol=symbol, timeframe=timeframe, open_time=at(minute), open=100.0, high=101.0, low=99.0, close=100.5,
            volume=1.0, state=state,
        )
        for symbol in symbols
    )  # fmt: skip
    return CandleBundle(
        partition=partition, timeframe=timeframe, close_time=at(minute) + MINUTE, candles=candles, warmup=warmup
    )


def told(messages: list) -> list[tuple[int, list[str]]]:
    return [((step.close_time - MONDAY) // MINUTE - 1, [candle.symbol for candle in step.candles]) for step in messages]


def test_a_minute_of_all_partitions_is_one_step() -> None:
    """BT-1: one market step a minute, whatever the partitions."""
    market = PaperMarket(2, max_pending=100)
    assert tell(market, bundle(0, BTC)) == []
    assert told(tell(market, bundle(0, ETH, partition=1))) == [(0, [BTC, ETH])]
    assert tell(market, bundle(0, BTC)) == [], "a repeat moves nothing"


def test_a_partition_that_went_on_is_not_waited_for() -> None:
    market = PaperMarket(2, max_pending=100)
    tell(market, bundle(0, BTC))
    tell(market, bundle(1, BTC))
    assert told(tell(market, bundle(1, ETH, partition=1))) == [(0, [BTC]), (1, [BTC, ETH])]


def test_pending_minutes_of_the_paper_market_are_bounded() -> None:
    """Invariant 6."""
    market = PaperMarket(2, max_pending=3)
    steps = [step for minute in range(6) for step in tell(market, bundle(minute, BTC))]
    assert told(steps) == [(0, [BTC]), (1, [BTC]), (2, [BTC])]


def test_disputed_candles_old_candles_and_other_timeframes_move_no_order() -> None:
    """DATA-3: nothing rests on a disputed candle; a warm-up candle is from before the account."""
    market = PaperMarket(1, max_pending=3)
    assert tell(market, bundle(0, BTC, warmup=True)) == []
    assert tell(market, bundle(0, BTC, timeframe="5m")) == []
    assert tell(market, ClockTick(time=MONDAY)) == []
    assert told(tell(market, bundle(0, BTC, state="disputed"))) == [(0, [])]


def test_a_funding_is_paid_once_at_the_next_step() -> None:
    """RISK-6, BT-1."""
    market = PaperMarket(1, max_pending=3)
    due = FundingDue(symbol=BTC, time=at(2), rate=Decimal("0.0003"))
    tell(market, due)
    (early,) = tell(market, bundle(0, BTC))
    assert early.funding_rates == {}
    (step,) = tell(market, bundle(1, BTC))
    assert isinstance(step, MarketStep)
    assert step.funding_rates == {BTC: Decimal("0.0003")}
    tell(market, due)
    (after,) = tell(market, bundle(2, BTC))
    assert after.funding_rates == {}


def test_a_snapshot_goes_on_alike() -> None:
    """Invariant 3."""
    one, two = PaperMarket(2, max_pending=9), PaperMarket(2, max_pending=9)
    tell(one, FundingDue(symbol=BTC, time=at(1), rate=Decimal("0.0001")))
    tell(one, bundle(0, BTC))
    two.restore(one.snapshot())
    following = bundle(0, ETH, partition=1)
    assert tell(one, following) == tell(two, following) != []
    assert one.snapshot() == two.snapshot()
