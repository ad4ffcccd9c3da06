"""Average true range by Wilder: the yardstick for displacement and gap sizes."""

from __future__ import annotations

import msgspec

from shared.domain.candles import Candle


class AtrState(msgspec.Struct):
    """``value`` in quote currency, 0 until ``count`` reaches the period; until then ``total`` is the sum of true ranges."""

    value: float = 0.0
    total: float = 0.0
    count: int = 0
    last_close: float | None = None


class AverageTrueRange:
    """The first value is the mean of the first ``period`` true ranges; then ``value += (true range - value) / period``.

    True range = the candle's range, extended to the close before it. After a gap there is no close before it: the range
    alone counts, so that the jump over missing candles is not taken for volatility.
    """

    __slots__ = ("_period", "state")

    def __init__(self, period: int) -> None:
        self._period = period
        self.state = AtrState()

    def update(self, candle: Candle) -> float:
        """Take the candle in and return the average that includes it (0 until warm)."""
        state = self.state
        high = candle.high
        low = candle.low
        last = state.last_close
        if last is not None:
            if last > high:
                high = last
            elif last < low:
                low = last
        state.last_close = candle.close
        true_range = high - low
        if state.count < self._period:
            state.count += 1
            state.total += true_range
            if state.count == self._period:
                state.value = state.total / self._period
        else:
            state.value += (true_range - state.value) / self._period
        return state.value

    def gap(self) -> None:
        """The next candle does not follow on the last."""
        self.state.last_close = None
