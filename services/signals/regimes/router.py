"""The router: what a strategy signals counts only in the regimes in which it may trade, with the weight that it has there.

It is asked after the strategy, so that a strategy stays pure: what it says does not depend on the regime.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from services.signals.gates import Gate
from services.signals.regimes.memory import RegimeMemory, RegimeReading
from services.signals.regimes.model import Regime
from services.signals.regimes.settings import RegimeSettings
from services.signals.view.flaws import Flaws
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.decisions import Judgement, Signal
from shared.domain.facts import Analysis
from shared.domain.timeframes import Timeframe

#: Name of the gate by which a regime admits a signal.
GATE: Final = "regime"


class Router:
    """The regimes of one partition's symbols, and the routes of its strategies.

    Raises ValueError when a model needs a timeframe that is not read, or a strategy has a route and a symbol no model.
    """

    def __init__(
        self, partition: int, symbols: tuple[str, ...], timeframes: tuple[Timeframe, ...], settings: RegimeSettings
    ) -> None:
        self._settings = settings
        self._models = {symbol: model for symbol, model in settings.loaded().items() if symbol in symbols}
        for model in self._models.values():
            if model.timeframe not in timeframes:
                raise ValueError(
                    f"the regime model of {model.symbol} needs timeframe {model.timeframe}; the timeframes read are "
                    f"{', '.join(timeframes)}"
                )
        without = sorted(set(symbols) - self._models.keys())
        if settings.routes and without:
            raise ValueError(
                f"strategy {next(iter(settings.routes))} has a route, and {', '.join(without)} of partition {partition} no "
                "regime model: fit one with `ict train regimes`, and name it in signals.regimes.models"
            )
        #: Whether it follows the regime of any symbol.
        self.watches: Final = bool(self._models)
        self._memories: dict[str, RegimeMemory] = {}
        self.restore({})

    @property
    def state(self) -> dict[str, RegimeMemory]:
        """By symbol, for the snapshot."""
        return self._memories

    def restore(self, state: Mapping[str, RegimeMemory]) -> None:
        """Take over a state. What another model made is dropped: that regime is learnt anew from the next candle on."""
        memories = {}
        for symbol, model in self._models.items():
            known = state.get(symbol)
            fits = known is not None and known.model == model.content_hash
            memories[symbol] = known if known is not None and fits else RegimeMemory(model=model.content_hash)
        self._memories = memories

    def absorb(self, analysis: Analysis) -> None:
        """Take a closed candle; those of other timeframes and of symbols without a model change nothing."""
        model = self._models.get(analysis.symbol)
        if model is not None and model.timeframe == analysis.timeframe:
            settings = self._settings
            self._memories[analysis.symbol].absorb(
                analysis.candle, model, settings.confirm_candles, settings.confirm_probability
            )

    def reading(self, symbol: str) -> RegimeReading | None:
        """Return what is known of the symbol's regime; None without a model."""
        model = self._models.get(symbol)
        return self._memories[symbol].reading(model, self._settings.warmup_candles) if model is not None else None

    def readings(self) -> dict[str, RegimeReading]:
        """Return what is known of every symbol that has a model."""
        return {symbol: found for symbol in self._models if (found := self.reading(symbol)) is not None}

    def gates(self, signal: Signal, flaws: Flaws) -> tuple[Gate, ...]:
        """Return the one gate by which the regime admits a signal; none where the strategy has no route.

        flaws: of the symbol at this close; where the model's candle is missing or disputed, nothing rests on the regime.
        """
        route, reading = self._settings.routes.get(signal.strategy), self.reading(signal.symbol)
        if route is None or reading is None:
            return ()
        timeframe = self._models[signal.symbol].timeframe
        if timeframe in flaws.missing:
            text = f"The last {timeframe} candle is missing: the regime is not known."
            return (Gate(GATE, "data_missing", False, text=text),)
        if timeframe in flaws.disputed:
            text = f"The last {timeframe} candle is implausible, or lacks minutes: the regime is not known."
            return (Gate(GATE, "data_disputed", False, text=text),)
        weight, least = _weight(route, reading.regime), signal.threshold
        likely = ", ".join(f"{name} {share:.1%}" for name, share in reading.probabilities.items())
        told = f"The regime on {timeframe} is {reading.regime or 'not known'} ({likely})"
        if weight is None:
            text = f"{told}; {signal.strategy} trades in {', '.join(route)}."
            return (Gate(GATE, "wrong_regime", False, text=text),)
        score = signal.score * weight
        text = f"{told}: {signal.score:g} points count {weight:g} times, {score:g}; at least {least:g} are needed."
        # A weight below 1 asks for a better setup: it must still reach the points that its strategy asks for.
        return (Gate(GATE, "wrong_regime", not score < least, score, least, "points", text),)

    def weighed(self, judgement: Judgement) -> Judgement:
        """Return a judgement whose signal has passed the gate with the score that it has in this regime."""
        signal = judgement.signal
        if signal is None:
            return judgement
        route, reading = self._settings.routes.get(signal.strategy), self.reading(signal.symbol)
        weight = _weight(route, reading.regime) if route is not None and reading is not None else None
        if weight is None or reading is None:
            return judgement
        timeframe = self._models[signal.symbol].timeframe
        why = shorten(f"{signal.why} Regime on {timeframe}: {reading.regime}, weight {weight:g}.", TEXT_LENGTH)
        weighed = msgspec.structs.replace(signal, score=signal.score * weight, why=why)
        return Judgement(strategy=judgement.strategy, signal=weighed)


def _weight(route: Mapping[Regime, float], regime: Regime | None) -> float | None:
    return route.get(regime) if regime is not None else None
