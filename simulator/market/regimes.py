"""Draws the state of the whole market per minute: trends, ranges, impulses, and the shock common to all symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.market.settings import GeneratorSettings

Regime = Literal["up", "down", "range"]


@dataclass(frozen=True, slots=True)
class Tide:
    """The market's state over some minutes, one array element per minute.

    drift: of trends and impulses together, in standard deviations of a minute. ranging: prices are pulled to the range's
    middle. turn: a new regime begins here; a range takes the current price as its middle. shock: standard normal, common
    to all symbols.
    """

    drift: NDArray[np.float64]
    ranging: NDArray[np.bool_]
    turn: NDArray[np.bool_]
    shock: NDArray[np.float64]


class Tides:
    """Draws market states. The same seed gives the same result only if ``next`` is called with the same lengths."""

    def __init__(self, rng: np.random.Generator, settings: GeneratorSettings) -> None:
        self._rng = rng
        self._settings = settings
        self._regime: Regime = "range"
        self._regime_left = 0
        self._impulse_left = 0
        self._impulse_side = 1.0

    def next(self, minutes: int) -> Tide:
        """Draw the state of the next ``minutes`` minutes."""
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
        """Start an impulse: mostly in the trend's direction, in a range in either direction."""
        self._impulse_left = 1 + int(self._rng.exponential(self._settings.impulse_minutes))
        with_trend = self._settings.impulse_with_trend
        upward = {"up": with_trend, "down": 1.0 - with_trend, "range": 0.5}[self._regime]
        self._impulse_side = 1.0 if self._rng.random() < upward else -1.0
