"""The slow path: every minute passes every core, as in lock-step replay (BT-1). What the fast path is held to."""

from __future__ import annotations

from collections.abc import Callable

from research.backtest.money import Money
from research.backtest.sections import Sections
from research.decisions import Deciding
from research.report.resting import Resting
from services.ingest.candle_source import CandleSource
from simulator.recorder import Recorder
from simulator.replay_driver import FundingRates


def run(
    sections: Sections,
    source: CandleSource,
    funding: FundingRates,
    recorder: Recorder,
    on_step: Callable[[int], None] | None = None,
    resting: Resting | None = None,
) -> int:
    """Play every minute of ``source``; return how many there were.

    ``on_step``: called with each close time, UTC ms. resting: keeps the zones of signals.
    """
    money = Money(sections, recorder.take)
    deciding = Deciding(sections.common, sections.ingest, sections.analysis, sections.signals, resting=resting)
    for close_time, candles in source.steps():
        money.market(close_time, candles, funding.rates_at(close_time))
        money.decide(deciding.bundles(close_time, candles), close_time)
        recorder.step_done()
        if on_step is not None:
            on_step(close_time)
    return len(source)
