"""Markets whose regimes are known because they were drawn, and regime models made by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp
from pathlib import Path

import msgspec

from services.signals.regimes.garch import Garch
from services.signals.regimes.hmm import GaussianHmm
from services.signals.regimes.model import FEATURES, VERSION, RegimeModel
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe
from tests.support.signals.scenes import DAWN

TWO = GaussianHmm(
    start=(0.6, 0.4),
    transition=((0.98, 0.02), (0.03, 0.97)),
    means=(0.0001, -0.0002),
    variances=(0.001**2, 0.004**2),
)
#: Its states are hard to tell apart: returns spread twice as far in the second one.
NEAR = GaussianHmm(
    start=(0.5, 0.5),
    transition=((0.98, 0.02), (0.02, 0.98)),
    means=(0.0, 0.0),
    variances=(0.002**2, 0.004**2),
)
THREE = GaussianHmm(
    start=(0.5, 0.3, 0.2),
    transition=((0.97, 0.02, 0.01), (0.02, 0.96, 0.02), (0.01, 0.03, 0.96)),
    means=(0.0, 0.0001, -0.0003),
    variances=(0.001**2, 0.003**2, 0.01**2),
)
GARCH = Garch(mean=0.0, omega=2e-7, alpha=0.08, beta=0.9, start=1e-5)


def model(
    hmm: GaussianHmm = TWO, *, symbol: str = "BTCUSDT", timeframe: Timeframe = "15m", **changes: object
) -> RegimeModel:
    """A sound model that was fitted long before the scenes begin."""
    fields: dict[str, object] = {
        "version": VERSION,
        "features": FEATURES,
        "garch": GARCH,
        "fitted_from": DAWN - 2_000 * DURATION["1d"],
        "fitted_to": DAWN - 1_000 * DURATION["1d"],
        "candles": 1_000,
        "data_hash": "0" * 64,
        "libraries": {"hmmlearn": "0.3.3"},
        "seed": 1,
        "scores": {"returns": 100, "hmm": 3.5},
        "command": "ict train regimes",
    }
    return RegimeModel(hmm=hmm, symbol=symbol, timeframe=timeframe, **(fields | changes)).sealed()  # type: ignore[arg-type]  # a table row


def written(path: Path, shown: RegimeModel) -> Path:
    path.write_bytes(msgspec.json.encode(shown))
    return path


def drawn(hmm: GaussianHmm, count: int, seed: int) -> tuple[list[float], list[int]]:
    """Returns of the process that ``hmm`` describes, and the state that each was drawn in."""
    dice = random.Random(seed)
    places = range(len(hmm.start))
    state = dice.choices(places, hmm.start)[0]
    returns, states = [], []
    for _ in range(count):
        returns.append(dice.gauss(hmm.means[state], hmm.variances[state] ** 0.5))
        states.append(state)
        state = dice.choices(places, hmm.transition[state])[0]
    return returns, states


def garch_returns(garch: Garch, count: int, seed: int) -> list[float]:
    """Returns of the process that ``garch`` describes."""
    dice, variance, returns = random.Random(seed), garch.start, []
    for _ in range(count):
        returns.append(dice.gauss(garch.mean, variance**0.5))
        variance = garch.step(variance, returns[-1])
    return returns


def candles(
    returns: Sequence[float], timeframe: Timeframe = "15m", symbol: str = "BTCUSDT", begin: int = DAWN
) -> list[Candle]:
    """Candles with these returns; the first one has none, so that there is one candle more."""
    price, made = 100.0, []
    for place, value in enumerate((0.0, *returns)):
        before, price = price, price * exp(value)
        made.append(
            Candle(
                symbol=symbol, timeframe=timeframe, open_time=begin + place * DURATION[timeframe], open=before,
                high=max(before, price), low=min(before, price), close=price, volume=1.0,
            )
        )  # fmt: skip
    return made
