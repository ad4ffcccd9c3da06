"""The router: what a strategy signals counts only in the regimes in which it may trade, with the weight that it has there.

It is asked after the strategy, so that a strategy stays pure: what it says does not depend on the regime.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from services.signals.regimes.memory import RegimeMemory, RegimeReading
from services.signals.regimes.model import Regime
from services.signals.regimes.settings import RegimeSettings
from services.signals.view.flaws import Flaws
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.decisions import Judgement
from shared.domain.facts import Analysis
from shared.domain.timeframes import Timeframe


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

    def route(self, judgement: Judgement, symbol: str, flaws: Flaws) -> Judgement:
        """Return the judgement as it counts: the same, with another score, or stopped with the reason why.

        flaws: of the symbol at this close; where the model's candle is missing or disputed, nothing rests on the regime.
        """
        signal = judgement.signal
        route = self._settings.routes.get(judgement.strategy)
        reading = self.reading(symbol)
        if signal is None or route is None or reading is None:
            return judgement
        timeframe = self._models[symbol].timeframe
        if timeframe in flaws.missing:
            return Judgement(strategy=judgement.strategy, reasons=("data_missing",))
        if timeframe in flaws.disputed:
            return Judgement(strategy=judgement.strategy, reasons=("data_disputed",))
        weight = _weight(route, reading.regime)
        # A weight below 1 asks for a better setup: it must still reach the points that its strategy asks for.
        if weight is None or signal.score * weight < signal.threshold:
            return Judgement(strategy=judgement.strategy, reasons=("wrong_regime",))
        why = shorten(f"{signal.why} Regime on {timeframe}: {reading.regime}, weight {weight:g}.", TEXT_LENGTH)
        weighed = msgspec.structs.replace(signal, score=signal.score * weight, why=why)
        return Judgement(strategy=judgement.strategy, signal=weighed)


def _weight(route: Mapping[Regime, float], regime: Regime | None) -> float | None:
    return route.get(regime) if regime is not None else None
