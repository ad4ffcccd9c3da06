"""Plays one market on a path of the backtest, and gives everything that the path leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli.settings import Settings
from research.backtest import fast, stepwise
from research.backtest.beside import reads_of
from research.backtest.sections import sections_of
from research.backtest.tape import Tape, tape_of
from research.report.resting import Resting, SignalZones
from shared.domain.timeframes import MINUTE
from simulator.market.funded_source import FundedSource
from simulator.market.funding import ConstantFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.market.settings import GeneratorSettings
from simulator.recorder import FILES, Recorder

#: Strategies that enter often, judging 5m candles, and none that reads 1m candles.
BUSY: dict[str, dict[str, object]] = {
    name: {"timeframe": "5m"} for name in ("moving_averages", "donchian", "macd", "bollinger", "rsi_extremes", "zscore")
}
#: Limits of risk that end no run.
LOOSE: dict[str, object] = {
    "trades_per_day": 100_000,
    "daily_loss_limit": 0.9,
    "halt_loss_limit": 0.95,
    "max_drawdown": 0.95,
    "max_losing_streak": 100,
    "max_costs": 10,
}


@dataclass(frozen=True)
class Scene:
    """A generated market with holes, and what is traded on it. start: minutes after a Monday's 00:00 UTC.

    holes: symbol's place, first row and number of rows without a candle. hours: between two fundings. untold: as holes, of
    rows whose order flow is not known.
    """

    settings: dict[str, Any]
    seed: int = 7
    days: float = 0.5
    start: int = 0
    volatility: float = 1.0
    holes: tuple[tuple[int, int, int], ...] = ()
    hours: int = 8
    rate: str = "0.0001"
    generator: dict[str, Any] = field(default_factory=dict)
    untold: tuple[tuple[int, int, int], ...] = ()

    def whole(self) -> Settings:
        """The configuration."""
        return Settings.model_validate({"journal": {"url": "sqlite+aiosqlite:///:memory:"}, **self.settings})

    def tape(self) -> Tape:
        """The candles."""
        usual = GeneratorSettings().minute_volatility
        shape = GeneratorSettings(**{"minute_volatility": usual * self.volatility, **self.generator})
        start = DEFAULT_START + self.start * MINUTE
        whole = self.whole()
        reads = reads_of(whole.signals)
        market = GeneratedMarket(whole.symbols, start, self.days, self.seed, shape, flow=reads.flow)
        tape = tape_of(FundedSource(market, self.funding()), reads=reads)
        for place, first, count in self.holes:
            tape.columns[tape.symbols[place]][:, first : first + count] = np.nan
        for place, first, count in self.untold if reads.flow else ():
            tape.flows[tape.symbols[place]][:, first : first + count] = np.nan
        return tape

    def funding(self) -> ConstantFunding:
        """The rates that are paid, and known."""
        return ConstantFunding(self.whole().symbols, self.rate, self.hours)


def left_by(path: Callable[..., int], scene: Scene, tape: Tape | None = None) -> dict[str, object]:
    """The files of a run, its summary, and the zones that its signals rest on."""
    zones: list[SignalZones] = []
    whole, tape = scene.whole(), tape if tape is not None else scene.tape()
    funding = scene.funding()
    with tempfile.TemporaryDirectory() as directory:
        with Recorder(Path(directory)) as recorder:
            path(sections_of(whole, whole), tape, funding, recorder, resting=Resting(zones.append))
        files = {name: (Path(directory) / name).read_bytes() for name in FILES}
    told = {name: getattr(recorder.summary, name) for name in dir(recorder.summary) if not name.startswith("_")}
    summary = {f"summary.{name}": value for name, value in told.items() if not callable(value)}
    assert len(summary) > 10, "the compiled summary has no __dict__; its fields are found by name"
    return {**files, "zones": zones, **summary}


def differing(scene: Scene) -> list[str]:
    """Which files and figures of the fast path are not those of the slow one."""
    tape = scene.tape()
    slow, quick = left_by(stepwise.run, scene, tape), left_by(fast.run, scene, tape)
    return [name for name in slow if slow[name] != quick[name]]
