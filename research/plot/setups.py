"""Finds the setups of ``setup_cases`` on the generated market, by the very cores that trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from research.decisions import Chain
from research.plot.lives import Life, Lives
from research.plot.setup_cases import CASES, Case
from services.analysis.settings import AnalysisSettings
from services.ingest.settings import IngestSettings
from services.signals.contract import Enabled
from services.signals.gates import Gate
from services.signals.judging import Fault
from services.signals.settings import SignalsSettings
from services.signals.view import MarketView
from shared.config.settings import CommonSettings
from shared.domain.candles import Candle
from shared.domain.decisions import Judgement, Signal
from shared.domain.facts import Fact
from shared.domain.timeframes import DURATION, Timeframe
from simulator.market.funded_source import FundedSource
from simulator.market.funding import ConstantFunding
from simulator.market.generator import GeneratedMarket

SYMBOL: Final = "BTCUSDT"
_SEED: Final = 1
_DAYS: Final = 14.0
#: Rate at each funding time: longs are crowded, as ``funding_carry`` says by default.
_FUNDING: Final = "0.0006"
#: Candles that a picture needs before and after its close, and that a near miss keeps away from every signal.
_BEFORE, _AFTER, _AWAY = 100, 22, 12
#: A near miss is at least this share of the limit away from it.
_LEAST_MISS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Setup:
    """One close at which a strategy judged (UTC ms): its signal, or the gate that alone refused it; and all its gates."""

    strategy: str
    timeframe: Timeframe
    close_time: int
    signal: Signal | None
    gates: tuple[Gate, ...]

    @property
    def refused_by(self) -> Gate | None:
        """The gate that does not hold; None of a signal."""
        return next((gate for gate in self.gates if not gate.passed), None)

    def facts(self) -> frozenset[str]:
        """Ids of the facts that it rests on, or that its gates looked at."""
        rests_on = self.signal.rests_on if self.signal is not None else ()
        return frozenset((*rests_on, *(each for gate in self.gates for each in gate.facts)))


class Setups:
    """Hears every judgement (it is a ``Watch``), and keeps candles, facts, signals and refusals by a single gate."""

    def __init__(self) -> None:
        self._candles: dict[Timeframe, list[Candle]] = {}
        self._facts: dict[tuple[str, int, str], tuple[Timeframe, Fact]] = {}
        self._found: dict[tuple[str, bool], list[Setup]] = {}

    def __call__(
        self, enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None, asked: tuple[Gate, ...]
    ) -> None:
        for frame in view.closing:
            if frame in enabled.scope.reads:
                self._hear(frame, view)
        gates = enabled.gates(view)
        if judgement.signal is None and [gate.name for gate in gates if not gate.passed] != [CASES[enabled.name].gate]:
            return
        setup = Setup(enabled.name, enabled.timeframe, view.close_time, judgement.signal, gates)
        self._found.setdefault((enabled.name, judgement.signal is not None), []).append(setup)

    def signal(self, strategy: str) -> Setup | None:
        """The signal that the case asks for; None where the market has too few."""
        return _numbered(self._with_room(strategy, signals=True), CASES[strategy].signal)

    def refusal(self, strategy: str) -> Setup | None:
        """The refusal that the case asks for; None where the market has too few."""
        case, found = CASES[strategy], self._with_room(strategy, signals=False)
        if not case.nearest:
            return _numbered(found, case.refusal)
        signals = [each.close_time for each in self._found.get((strategy, True), ())]
        clear = [each for each in found if all(abs(each.close_time - at) > _AWAY * _step(each) for at in signals)]
        missed = [(by, number) for number, each in enumerate(clear) if (by := _missed_by(each, case)) is not None]
        return clear[min(missed)[1]] if missed else None

    def candles(self, frame: Timeframe, first: int, last: int) -> Sequence[Candle]:
        """Those that closed from ``first`` to ``last`` (UTC ms)."""
        return [candle for candle in self._candles[frame] if first <= candle.close_time <= last]

    def lives(self, wanted: frozenset[str], until: int) -> list[tuple[Timeframe, Life]]:
        """These facts with what became of them up to a close (UTC ms)."""
        lives, frames = Lives(), {}
        for (fact_id, changed_at, _), (frame, fact) in self._facts.items():
            if fact_id in wanted and changed_at <= until:
                lives.hear((fact,))
                frames[fact_id] = frame
        return [(frames[life.born.id], life) for life in lives.all()]

    def _hear(self, frame: Timeframe, view: MarketView) -> None:
        analysis = view.at_close(frame)
        if analysis is None:
            return
        kept = self._candles.setdefault(frame, [])
        if not kept or kept[-1].open_time < analysis.candle.open_time:
            kept.append(analysis.candle)
        for fact in analysis.events:
            self._facts.setdefault((fact.id, fact.changed_at, fact.state), (frame, fact))

    def _with_room(self, strategy: str, *, signals: bool) -> list[Setup]:
        """Those with enough candles on both sides, in order of time."""
        found = self._found.get((strategy, signals), [])
        if not found:
            return []
        kept = self._candles[found[0].timeframe]
        first, last = kept[0].close_time + _BEFORE * _step(found[0]), kept[-1].close_time - _AFTER * _step(found[0])
        return [each for each in found if first <= each.close_time <= last]


def found_setups(analysis: AnalysisSettings) -> Setups:
    """Let every strategy of ``CASES`` judge the generated market."""
    setups = Setups()
    common, signals = CommonSettings(symbols=(SYMBOL,)), SignalsSettings(strategies=tuple(CASES))
    chain = Chain(0, common, IngestSettings(), analysis, signals, setups)
    market = FundedSource(GeneratedMarket((SYMBOL,), days=_DAYS, seed=_SEED), ConstantFunding((SYMBOL,), _FUNDING))
    for close_time, candles in market.steps():
        for _ in chain.step(close_time, candles):
            pass
    return setups


def _numbered(found: Sequence[Setup], number: int) -> Setup | None:
    return found[number - 1] if len(found) >= number else None


def _step(setup: Setup) -> int:
    return DURATION[setup.timeframe]


def _missed_by(setup: Setup, case: Case) -> float | None:
    """How far the value of the case's gate lay from its limit; None where a reader could not tell them apart."""
    gate = next(each for each in setup.gates if each.name == case.gate)
    limit = abs(gate.limit or 0.0)
    missed = abs(abs(gate.value or 0.0) - limit)
    return missed if missed > _LEAST_MISS * limit else None
