"""The fused layout: analysis, signals and risk as one core in one process; the handlers are those of the split layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cli.settings import Settings
from services.analysis.core import AnalysisCore
from services.risk.core import RiskCore
from services.risk.metrics import FIGURES as RISK_FIGURES
from services.signals.core import Ask, SignalsCore
from services.signals.metrics import FIGURES as STRATEGY_FIGURES
from services.signals.service import operator, stopwatch
from shared.core import Overview
from shared.domain.account import AccountStatement
from shared.domain.candles import CandleBundle
from shared.domain.control import OF_STRATEGIES, ClockTick, Control, MarkPrices
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.listing import InstrumentList
from shared.domain.message import Message
from shared.domain.timeframes import Timeframe
from shared.pipeline import Pipeline, Stage
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec


def _candles(partition: int, timeframe: Timeframe, message: Message) -> bool:
    return isinstance(message, CandleBundle) and message.partition == partition and message.timeframe == timeframe


def _for_signals(partition: int, message: Message) -> bool:
    if isinstance(message, AnalysisBundle):
        return message.partition == partition
    return isinstance(message, ClockTick) or (isinstance(message, Control) and message.command in OF_STRATEGIES)


def _for_risk(message: Message) -> bool:
    if isinstance(message, Control):
        return message.command not in OF_STRATEGIES
    return isinstance(message, DecisionBundle | AccountStatement | InstrumentList | ClockTick | MarkPrices)


def build(settings: Settings, ask: Ask) -> Pipeline:
    """From candle to verdict; strategies are asked by ``ask``.

    Analyses stay inside; decisions leave beside the verdicts, for the journal.
    """
    stages, whose = [], operator(settings)
    published = settings.analysis.published(settings.signals.reads())
    for p in range(settings.partitions.count):
        for timeframe in settings.timeframes:
            analysis = AnalysisCore(p, timeframe, settings.analysis, published)
            stages.append(Stage(f"analysis.p{p}.{timeframe}", analysis, partial(_candles, p, timeframe)))
        signals = SignalsCore(p, settings.symbols_of(p), settings.timeframes, settings.signals, operator=whose, ask=ask)
        stages.append(Stage(f"signals.p{p}", signals, partial(_for_signals, p)))
    risk = RiskCore(
        settings.partitions.count,
        settings.instrument_table(),
        settings.risk,
        settings.account,
        settings.signer(),
        settings.command_judge(),
        sim=settings.mode == "sim",
        real=not settings.simulated,
        armed=settings.mode == "sim",
    )
    stages.append(Stage("risk", risk, _for_risk))
    return Pipeline(stages, internal=frozenset({AnalysisBundle}))


def _show(read: Callable[[], Overview]) -> None:
    RISK_FIGURES.show(read)
    STRATEGY_FIGURES.show("engine", read)


def spec(settings: Settings) -> ServiceSpec:
    """The engine's lane."""
    timer = stopwatch(settings.signals)
    lane = LaneSpec(
        name="engine",
        stage="engine",
        queue="engine",
        commands="engine.commands",
        marks="" if settings.mode == "sim" else "engine.marks",
        build=partial(build, settings, timer.ask),
        tick_ms=settings.lane.tick_ms,
        show=_show,
    )
    return ServiceSpec(name="engine", group="engine", lanes=(lane,), watches=(timer.tell,))
