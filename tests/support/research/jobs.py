"""Small markets as jobs, and backtests whose process is killed under way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.settings import Settings
from research.backtest.sections import Sections, sections_of
from research.jobs.job import Backtest, Job, Outcome
from research.jobs.playing import Playing
from research.validation.walk_forward import Span
from shared.domain.timeframes import MINUTE
from simulator.market.funding import ConstantFunding
from tests.support.research.backtests import BUSY, LOOSE, Scene

SETTINGS: dict[str, Any] = {
    "signals": {"strategies": ["moving_averages", "zscore"], **{name: BUSY[name] for name in ("moving_averages", "zscore")}},
    "risk": LOOSE,
}


def sections(settings: Mapping[str, Any]) -> Sections:
    """Sections of settings as JSON has them."""
    whole = Settings.model_validate({name: value for name, value in settings.items() if name != "funding_rate"})
    return sections_of(whole, whole)


def playing(days: float = 1.5, lead: int = 0) -> Playing:
    """A generated market of two symbols."""
    tape = Scene(SETTINGS, days=days).tape()
    return Playing(tape, ConstantFunding(tape.symbols), sections, lead)


def spans(market: Playing, count: int) -> list[Span]:
    """Equal parts of the market, one after the other."""
    first, length = market.tape.first - MINUTE, len(market.tape) // count * MINUTE
    return [Span(first + place * length, first + (place + 1) * length) for place in range(count)]


def jobs(market: Playing, count: int) -> list[Job]:
    """One job a part."""
    return [market.job(SETTINGS, span) for span in spans(market, count)]


@dataclass(frozen=True)
class Noting:
    """Leaves a file for each play; the plays of ``deadly`` (a span's start) kill their process ``times`` times first."""

    backtest: Backtest
    directory: Path
    deadly: int = -1
    times: int = 0

    def __call__(self, settings: Mapping[str, Any], span: Span) -> Outcome:
        before = len(list(self.directory.glob(f"{span.start}.*")))
        (self.directory / f"{span.start}.{before}").touch()
        if span.start == self.deadly and before < self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.backtest(settings, span)

    def plays(self) -> dict[int, int]:
        """How often each span was played, by its start."""
        found: dict[int, int] = {}
        for path in self.directory.iterdir():
            start = int(path.name.partition(".")[0])
            found[start] = found.get(start, 0) + 1
        return found


@dataclass(frozen=True)
class Held:
    """Notes the node of every play, by the process that started the worker; on the node ``doomed`` it waits to be killed."""

    backtest: Backtest
    directory: Path
    doomed: int = 0

    def __call__(self, settings: Mapping[str, Any], span: Span) -> Outcome:
        (self.directory / f"{os.getppid()}.{span.start}").touch()
        if os.getppid() == self.doomed:
            threading.Event().wait(120)
        return self.backtest(settings, span)

    def nodes(self) -> set[int]:
        return {int(path.name.partition(".")[0]) for path in self.directory.iterdir()}
