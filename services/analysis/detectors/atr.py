"""Average true range by Wilder: the yardstick for displacement and gap sizes."""

from __future__ import annotations

from typing import ClassVar


class AverageTrueRange:
    """The first value is the mean of the first ``period`` true ranges; then ``value += (true range - value) / period``.

    True range = the candle's range, extended to the close before it. After a gap there is no close before it: the range
    alone counts, so that the jump over missing candles is not taken for volatility.

    ``value`` in quote currency, 0 until ``count`` reaches the period; until then ``total`` is the sum of true ranges.
    """

    STATE: ClassVar[tuple[str, ...]] = ("value", "total", "count", "last_close")

    def __init__(self, period: int) -> None:
        self._period = period
        self.value = 0.0
        self.total = 0.0
        self.count = 0
        self.last_close = 0.0

    def update(self, high: float, low: float, close: float, *, follows: bool) -> None:
        """Take a candle in. ``follows``: the candle before is known."""
        if follows:
            high = max(high, self.last_close)
            low = min(low, self.last_close)
        self.last_close = close
        true_range = high - low
        if self.count < self._period:
            self.count += 1
            self.total += true_range
            if self.count == self._period:
                self.value = self.total / self._period
        else:
            self.value += (true_range - self.value) / self._period
