"""Spread and imbalance of each minute: the means of its seconds, so that the candle can tell them (ICT-14)."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.domain.bounded import forget_oldest
from shared.domain.candles import RawCandle
from shared.domain.control import Micro
from shared.domain.order_flow import CandleFlow
from shared.domain.timeframes import MINUTE

#: Minutes whose candles may still be awaited while their seconds are remembered.
_REMEMBERED: Final = 120


class _Sums(msgspec.Struct):
    seconds: int = 0
    spread: float = 0.0
    imbalance: float = 0.0


class MinuteFlow:
    """One symbol. A minute of which no second was measured has neither."""

    def __init__(self) -> None:
        self._minutes: dict[int, _Sums] = {}

    def take(self, micro: Micro) -> None:
        """One second; it counts for the minute in which it lies."""
        opened = micro.time - micro.time % MINUTE
        sums = self._minutes.get(opened)
        if sums is None:
            sums = self._minutes[opened] = _Sums()
            forget_oldest(self._minutes, _REMEMBERED)
        sums.seconds += 1
        sums.spread += (micro.ask - micro.bid) / ((micro.ask + micro.bid) / 2.0)
        sums.imbalance += micro.imbalance

    def dressed(self, candle: RawCandle) -> RawCandle:
        """The candle with the means of its minute, which is then forgotten."""
        sums = self._minutes.pop(candle.open_time, None)
        if sums is None:
            return candle
        spread, imbalance = sums.spread / sums.seconds, max(-1.0, min(1.0, sums.imbalance / sums.seconds))
        known = candle.flow if candle.flow is not None else CandleFlow()
        flow = CandleFlow(
            taker_bought=known.taker_bought,
            trades=known.trades,
            spread=spread if spread < 1.0 else None,  # best prices so far apart are no market
            imbalance=imbalance,
        )
        return msgspec.structs.replace(candle, flow=flow)
