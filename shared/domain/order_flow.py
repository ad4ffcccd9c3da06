"""What a candle tells beside its prices: who traded with haste in it, how the book stood, and the last funding settled."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from shared.domain.message import Milliseconds, Volume
from shared.domain.timeframes import MINUTE

Trades = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Spread = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Imbalance = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Rate = Annotated[float, msgspec.Meta(gt=-1.0, lt=1.0)]

#: The exchange settles funding every eight hours at the latest: a rate that is older is not the last one.
LONGEST_FUNDING_MINUTES: Final = 480


class CandleFlow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):  # it refers to plain values only
    """The order flow of one candle; None = not known.

    taker_bought: the part of the candle's volume in which the buyer was the taker, base currency. trades: number of trades.
    spread: mean distance of best bid and ask, fraction of the price; imbalance: mean of (bid size - ask size) / both over
    the best levels, -1 to 1. These two are measured live, second by second: recorded candles have none.
    """

    taker_bought: Volume | None = None
    trades: Trades | None = None
    spread: Spread | None = None
    imbalance: Imbalance | None = None


class SettledFunding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last funding that was settled before a close. rate: fraction of the notional; longs pay when it is positive.

    time: the minute in which it was settled, UTC ms.
    """

    rate: Rate
    time: Milliseconds


def traded_flow(volume: float, taker_bought: float, trades: int | None = None) -> CandleFlow | None:
    """The flow of a candle as a source tells it; None where takers would have bought more than was traded, or below 0."""
    if not 0.0 <= taker_bought <= volume:
        return None
    return CandleFlow(taker_bought=taker_bought, trades=trades if trades is not None and trades >= 0 else None)


def known_at(close_time: int, rate: float, settled: int) -> SettledFunding | None:
    """The funding settled at ``settled`` as a candle knows it that closes at ``close_time``, both UTC ms; None = too old.

    It is known from the first close after the minute of its settlement on: at the close of that very instant, nobody has
    heard of it. The same rule holds live, on paper and in a replay.
    """
    minute = settled - settled % MINUTE
    if not minute < close_time <= minute + LONGEST_FUNDING_MINUTES * MINUTE:
        return None
    return SettledFunding(rate=rate, time=minute)
