"""What is played for the evidence: every strategy as it stands, each preset, and settings beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np

from research.backtest.beside import BOUGHT, Reads
from research.backtest.tape import Tape
from research.search.candidates import Candidate, candidate
from services.signals.settings import strategy_of

#: Settings of the risk service that would end a backtest for good until a person types ``ict rearm``: without that person,
#: a year would be judged by its first losing streak. What ends with the day stays as it is.
WITHOUT_A_PERSON: Final = ("risk.max_losing_streak=100", "risk.halt_loss_limit=0.99", "risk.max_drawdown=0.99")


class Subject(NamedTuple):
    """What is judged. preset: empty = the strategy's defaults."""

    strategy: str
    preset: str = ""

    @property
    def name(self) -> str:
        """As a person writes it."""
        return f"{self.strategy}={self.preset}" if self.preset else self.strategy


def subjects(strategies: Sequence[str]) -> list[Subject]:
    """Each strategy, and behind it each of its presets. Raises UnusableStrategy."""
    return [
        subject
        for name in strategies
        for subject in (Subject(name), *(Subject(name, each) for each in strategy_of(name).presets))
    ]


def reads(judged: Sequence[Subject]) -> Reads:
    """What of the candles any of them reads beside prices: the one tape of all must keep it."""
    found = [strategy_of(each.strategy) for each in judged]
    return Reads(flow=any(each.flow(each.settings()) for each in found), funding=any(each.funding for each in found))


def refusal(subject: Subject, tape: Tape) -> str:
    """Why it cannot be played on this tape; empty when it can."""
    wants = reads([subject])
    for symbol in tape.symbols:
        if wants.funding and not len(tape.settled[symbol].times):
            return f"it reads funding, and none is known of {symbol} (--funding {symbol}=FILE)"
        if wants.flow and bool(np.isnan(tape.flows[symbol][BOUGHT]).all()):
            return f"it reads order flow, which the candles of {symbol} do not tell"
    return ""


def trials(settings: Mapping[str, Any], subject: Subject, varied: Mapping[str, Sequence[Any]]) -> list[Candidate]:
    """The subject as it stands, then each combination of ``varied`` (name of a setting → values) that is another one.

    settings: those that decide, as JSON has them. A setting that the strategy does not have is left out. ``values`` of a
    candidate are by the names of the settings. Raises ValueError for a value that is none.
    """
    section = f"signals.{subject.strategy}"
    place: dict[str, Any] = {"signals.strategies": [subject.strategy]}
    if subject.preset:
        preset = strategy_of(subject.strategy).presets[subject.preset].model_dump(mode="json")
        place |= {f"{section}.{key}": value for key, value in preset.items()}
    plain = candidate(settings, place).settings
    own = plain["signals"][subject.strategy]
    names = [name for name in varied if name in own]
    found = [Candidate(values={name: own[name] for name in names}, settings=plain)]
    for combination in product(*(varied[name] for name in names)):
        values = dict(zip(names, combination, strict=True))
        if values != found[0].values:
            made = candidate(plain, {f"{section}.{name}": value for name, value in values.items()})
            found.append(Candidate(values=values, settings=made.settings))
    return found
