"""The whole configuration: what every service needs, one section a service, and the market that is played in sim mode."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.analysis.settings import AnalysisSettings
from services.execution.settings import ExecutionSettings
from services.gateway.settings import GatewaySettings
from services.ingest.settings import IngestSettings
from services.journal.settings import JournalSettings
from services.notifier.settings import NotifierSettings
from services.risk.settings import RiskSettings
from services.signals.settings import SignalsSettings
from shared.config.errors import Incoherent
from shared.config.settings import CommonSettings
from simulator.server.settings import ServerSettings
from simulator.settings import SimulatorSettings


class MarketSettings(BaseModel):
    """What the simulator plays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["generator", "files"] = Field("generator", description="a seeded market, or recorded candles")
    days: float = Field(5.0, gt=0, le=3660, description="length of the generated market, in days")
    seed: int = Field(7, ge=0, description="the generated market's seed: the same seed is the same market")
    files: dict[str, Path] = Field(default_factory=dict, description="recorded 1m candles: symbol → Parquet, Feather or CSV")
    funding_rate: str = Field(
        "0.0001", pattern=r"^-?\d+(\.\d+)?$", description="funding rate every 8 hours, as a fraction of the notional"
    )
    speed: float | None = Field(
        60.0, gt=0, description="market seconds per second for `ict run simulator`; null = as fast as the system settles"
    )


class Settings(CommonSettings):
    """The root of every configuration file."""

    ingest: IngestSettings = Field(default_factory=IngestSettings, description="candles: quality gate and aggregation")
    analysis: AnalysisSettings = Field(default_factory=AnalysisSettings, description="the ICT engine")
    signals: SignalsSettings = Field(default_factory=SignalsSettings, description="strategies and the close barrier")
    risk: RiskSettings = Field(default_factory=RiskSettings, description="sizing, limits, kill switch")
    execution: ExecutionSettings = Field(default_factory=ExecutionSettings, description="orders and protection")
    gateway: GatewaySettings = Field(
        default_factory=GatewaySettings, description="the account's hand at a real exchange (testnet, live)"
    )
    notifier: NotifierSettings = Field(default_factory=NotifierSettings, description="who is told what")
    journal: JournalSettings = Field(default_factory=JournalSettings, description="where everything is recorded")
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings, description="the simulated exchange")
    server: ServerSettings = Field(
        default_factory=ServerSettings, description="`ict simulator`: the server that speaks Binance's protocol"
    )
    market: MarketSettings = Field(default_factory=MarketSettings, description="the market that sim mode plays")

    @model_validator(mode="after")
    def _no_drill_with_real_money(self) -> Self:
        if self.mode == "live" and self.signals.drill:
            raise Incoherent(
                {"signals.drill": "lets strategies trade without a reason, never with real money: set it to false"}
            )
        return self
