"""The settings of a backtest: the sections of the services, and what they share."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from services.analysis.settings import AnalysisSettings
from services.execution.settings import ExecutionSettings
from services.ingest.settings import IngestSettings
from services.risk.settings import RiskSettings
from services.signals.settings import SignalsSettings
from shared.config.settings import CommonSettings
from simulator.settings import SimulatorSettings


class _Whole(Protocol):
    """A whole configuration, as far as a backtest reads it."""

    @property
    def ingest(self) -> IngestSettings: ...
    @property
    def analysis(self) -> AnalysisSettings: ...
    @property
    def signals(self) -> SignalsSettings: ...
    @property
    def risk(self) -> RiskSettings: ...
    @property
    def execution(self) -> ExecutionSettings: ...
    @property
    def simulator(self) -> SimulatorSettings: ...


class Sections(NamedTuple):
    """What of a configuration decides how a market is traded; ``common``: symbols, timeframes, partitions, account."""

    common: CommonSettings
    ingest: IngestSettings
    analysis: AnalysisSettings
    signals: SignalsSettings
    risk: RiskSettings
    execution: ExecutionSettings
    simulator: SimulatorSettings


def sections_of(common: CommonSettings, whole: _Whole) -> Sections:
    """Take the sections out of a configuration, which is both ``common`` and ``whole``."""
    return Sections(
        common, whole.ingest, whole.analysis, whole.signals, whole.risk, whole.execution, whole.simulator
    )  # fmt: skip
