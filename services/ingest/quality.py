"""The quality gate: what a source delivered becomes a candle, or is refused with a reason (DATA-3).

Two judgements, one after the other. *Admission* looks at the candle alone: a number that cannot be a price, or a time that
is not the minute that closes now, is refused; the symbol is then missing at this minute. *Plausibility* looks at the level
that was trusted before: a candle that reaches ``max_move`` away from it is published, but as disputed, and no entry may rest
on it.
"""

from __future__ import annotations

from typing import Final, Literal

from services.ingest.saved import Trust
from shared.domain.candles import Candle, CandleState, RawCandle
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import DURATION, FINEST, MINUTE, Timeframe

#: Why a candle was refused. Closed: every reason has a counter, an alert, and a row in the tests.
RefusalReason = Literal[
    "unknown_symbol",  # not one of this partition's symbols
    "duplicate",  # a minute that was passed before: dropped without an alert, since redelivery is normal
    "off_minute",  # the open time is not a whole minute
    "wrong_minute",  # a whole minute, but not the one that closes now
    "not_finite",  # NaN or infinity among the numbers
    "not_positive",  # a price of zero or less
    "out_of_range",  # larger than any exchange's prices or volumes
    "inverted",  # high below low, or open or close outside of them
    "negative_volume",
]

#: Those that concern the numbers of a candle, not its time; files are examined for them too.
NumberFault = Literal["not_finite", "not_positive", "out_of_range", "inverted", "negative_volume"]

#: The upper bounds of ``shared.domain.message.Price`` and ``Volume``: beyond them a candle could not be decoded downstream.
PRICE_LIMIT: Final = 1e12
VOLUME_LIMIT: Final = 1e18
#: A move *of* the limit reaches it: what falls short of it by a billionth is what float64 makes of the difference.
_LESS: Final = 1.0 - 1e-9


def number_fault(raw: RawCandle) -> NumberFault | None:
    """What is wrong with the numbers of one candle, None when they can be a candle's."""
    low, high, volume = raw.low, raw.high, raw.volume
    # One chain says yes to nearly every candle, and no to every NaN: NaN compares false with all.
    if 0.0 < low <= raw.open <= high < PRICE_LIMIT and low <= raw.close <= high and 0.0 <= volume < VOLUME_LIMIT:
        return None
    prices = (raw.open, high, low, raw.close)
    largest = float("inf")
    if not all(-largest < number < largest for number in (*prices, volume)):
        return "not_finite"
    if min(prices) <= 0.0:
        return "not_positive"
    if volume < 0.0:
        return "negative_volume"
    if max(prices) >= PRICE_LIMIT or volume >= VOLUME_LIMIT:
        return "out_of_range"
    return "inverted"


def is_sound_flow(flow: CandleFlow | None, volume: float) -> bool:
    """Whether an order flow can be that of a candle with this volume; NaN compares false with all. None is sound."""
    if flow is None:
        return True
    bought, trades, spread, imbalance = flow.taker_bought, flow.trades, flow.spread, flow.imbalance
    return (
        (bought is None or 0.0 <= bought <= volume)
        and (trades is None or 0 <= trades < 2**53)
        and (spread is None or 0.0 <= spread < 1.0)
        and (imbalance is None or -1.0 <= imbalance <= 1.0)
    )


def is_sound_funding(funding: SettledFunding | None, close_time: int) -> bool:
    """Whether a rate can be known at this close (UTC ms): it is a fraction, and was settled before. None is sound."""
    return funding is None or (-1.0 < funding.rate < 1.0 and 0 <= funding.time < close_time)


def time_fault(raw: RawCandle, close_time: int, last_open: int) -> RefusalReason | None:
    """What is wrong with the open time at the step that closes at ``close_time``; ``last_open``: the minute before it."""
    if raw.open_time == close_time - MINUTE:
        return None
    if raw.open_time % MINUTE:
        return "off_minute"
    return "duplicate" if raw.open_time <= last_open else "wrong_minute"


def judge(raw: RawCandle, trust: Trust, max_move: float, repricing_minutes: int) -> CandleState:
    """The state in which an admitted candle is published; ``trust`` learns from it.

    The first candle of a symbol has nothing to be judged against and is trusted. Later ones are compared with the last
    *trusted* close, not with the last one: after a bad tick the return to the old level is not a second "move". Every price
    counts, not only the close: a wick of -60 % is a move of -60 % in one candle. A real re-pricing must not dispute for
    ever: when ``repricing_minutes`` disputed candles in a row agree with each other, their level becomes the reference, and
    the next candle is judged against it; those before stay disputed.
    """
    reference = trust.reference
    near = max_move * _LESS * reference
    if reference == 0.0 or (raw.high - reference < near and reference - raw.low < near):
        trust.reference = raw.close
        trust.candidate = 0.0
        trust.agreeing = 0
        return "backfilled" if raw.backfilled else "closed"
    agrees = trust.agreeing > 0 and abs(raw.close - trust.candidate) < max_move * _LESS * trust.candidate
    trust.agreeing = trust.agreeing + 1 if agrees else 1
    trust.candidate = raw.close
    if trust.agreeing >= repricing_minutes:
        trust.reference = raw.close
        trust.candidate = 0.0
        trust.agreeing = 0
    return "disputed"


def candle_of(raw: RawCandle, state: CandleState, timeframe: Timeframe = FINEST) -> Candle:
    """The published candle of an admitted one; order flow or funding that cannot be is left out."""
    flow, funding = raw.flow, raw.funding
    return Candle(
        symbol=raw.symbol,
        timeframe=timeframe,
        open_time=raw.open_time,
        open=raw.open,
        high=raw.high,
        low=raw.low,
        close=raw.close,
        volume=raw.volume,
        state=state,
        flow=flow if is_sound_flow(flow, raw.volume) else None,
        funding=funding if is_sound_funding(funding, raw.open_time + DURATION[timeframe]) else None,
    )
