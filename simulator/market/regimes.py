"""What the whole market is doing, minute by minute: trends, ranges, impulses and the common shock that couples symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.market.settings import GeneratorSettings

Regime = Literal["up", "down", "range"]


@dataclass(frozen=True, slots=True)
class Tide:
    """Some minutes of it, equally long arrays.

    ``drift``: in standard deviations of a minute, trends and impulses together. ``ranging``: prices are drawn to the middle.
    ``turn``: a new regime begins, so a range has a new middle. ``shock``: standard normal, common to all symbols.
    """

    drift: NDArray[np.float64]
    ranging: NDArray[np.bool_]
    turn: NDArray[np.bool_]
    shock: NDArray[np.float64]


class Tides:
    """Draws the tide in stretches of any length; the stretches' lengths must be the same for the same result."""

    def __init__(self, rng: np.random.Generator, settings: GeneratorSettings) -> None:
        self._rng = rng
        self._settings = settings
        self._regime: Regime = "range"
        self._regime_left = 0
        self._impulse_left = 0
        self._impulse_side = 1.0

    def next(self, minutes: int) -> Tide:
        settings = self._settings
        drift = np.zeros(minutes)
        ranging = np.zeros(minutes, dtype=np.bool_)
        turn = np.zeros(minutes, dtype=np.bool_)
        shock = self._rng.standard_normal(minutes)
        starts = self._rng.random(minutes) < settings.impulses_per_day / 1_440
        for minute in range(minutes):
            if self._regime_left == 0:
                self._turn()
                turn[minute] = True
            self._regime_left -= 1
            if self._regime == "range":
                ranging[minute] = True
            else:
                drift[minute] = settings.trend_drift if self._regime == "up" else -settings.trend_drift
            if self._impulse_left == 0 and starts[minute]:
                self._strike()
            if self._impulse_left:
                self._impulse_left -= 1
                drift[minute] += self._impulse_side * settings.impulse_drift
        return Tide(drift, ranging, turn, shock)

    def _turn(self) -> None:
        settings = self._settings
        self._regime_left = 1 + int(self._rng.exponential(settings.regime_hours * 60))
        draw = self._rng.random()
        if draw < settings.range_share:
            self._regime = "range"
        else:
            self._regime = "up" if draw < (1.0 + settings.range_share) / 2 else "down"

    def _strike(self) -> None:
        """An impulse begins: mostly with the trend, in a range to either side."""
        self._impulse_left = 1 + int(self._rng.exponential(self._settings.impulse_minutes))
        with_trend = self._settings.impulse_with_trend
        upward = {"up": with_trend, "down": 1.0 - with_trend, "range": 0.5}[self._regime]
        self._impulse_side = 1.0 if self._rng.random() < upward else -1.0
