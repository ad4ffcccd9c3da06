"""The regime of one symbol between closes: candles in, the probability of each state and the expected variance out.

What is not known is not guessed: over a missing or implausible candle only time passes, as the models say it does.
"""

from __future__ import annotations

from math import log
from typing import Final

import msgspec

from services.signals.regimes.model import Regime, RegimeModel
from services.signals.regimes.whipsaw import Whipsaw
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION

#: Longest gap that is bridged, candles; after a longer one everything begins anew.
LONGEST_GAP: Final = 500


class RegimeReading(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at a close. regime: the confirmed one, None = not known. probabilities: by regime, filtered.

    deviation: expected standard deviation of the next candle's logarithmic return (0.01 = about 1 %).
    """

    regime: Regime | None
    probabilities: dict[Regime, float]
    deviation: float


class RegimeMemory(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is kept of one symbol; it has the same size at every candle.

    model: hash of the model that it was made with. open_time: of the newest candle, UTC ms; -1 = none yet. close: its close,
    quote currency; 0 = not to be relied on. returns: how many were seen since the beginning. belief: probability of each
    state; empty before the first return. variance: expected of the next return.
    """

    model: str
    open_time: int = -1
    close: float = 0.0
    returns: int = 0
    belief: list[float] = msgspec.field(default_factory=list)
    variance: float = 0.0
    whipsaw: Whipsaw = msgspec.field(default_factory=Whipsaw)

    def absorb(self, candle: Candle, model: RegimeModel, candles: int, enough: float) -> None:
        """Take the next closed candle of the model's symbol and timeframe; an older one changes nothing.

        candles, enough: of the whipsaw filter.
        """
        duration = DURATION[model.timeframe]
        if candle.open_time <= self.open_time:
            return
        missing = (candle.open_time - self.open_time) // duration - 1 if self.open_time >= 0 else 0
        if missing > LONGEST_GAP:
            self.close, self.returns, self.belief, self.variance, self.whipsaw = 0.0, 0, [], 0.0, Whipsaw()
        elif missing:
            self.close = 0.0
            for _ in range(missing):
                self._advance(model, None)
        sound = candle.state != "disputed"
        known = sound and self.close > 0.0
        self._advance(model, log(candle.close / self.close) if known else None)
        self.open_time = candle.open_time
        self.close = candle.close if sound else 0.0
        if known:
            self.returns += 1
            leading = max(range(len(self.belief)), key=self.belief.__getitem__)
            self.whipsaw.take(model.names[leading], self.belief[leading], candles, enough)

    def reading(self, model: RegimeModel, warmup: int) -> RegimeReading:
        """Return what is known after the newest candle.

        The regime is not known before ``warmup`` returns were seen, nor at a candle that the model was fitted on: of those
        it knows how they went on.
        """
        beyond = self.open_time + DURATION[model.timeframe] > model.fitted_to
        known = self.returns >= warmup and beyond
        regime = next((name for name in model.names if name == self.whipsaw.regime), None)
        probabilities = dict(zip(model.names, self.belief or model.hmm.start, strict=True))
        variance = self.variance or model.garch.start
        return RegimeReading(regime=regime if known else None, probabilities=probabilities, deviation=variance**0.5)

    def _advance(self, model: RegimeModel, value: float | None) -> None:
        self.belief = model.hmm.step(self.belief, value)
        self.variance = model.garch.step(self.variance or model.garch.start, value)
