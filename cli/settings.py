"""The whole configuration: what every service shares, one section a service, and the market that sim mode plays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cli.backtest.settings import BacktestSettings
from cli.status.settings import StatusSettings
from services.analysis.settings import AnalysisSettings
from services.execution.settings import ExecutionSettings
from services.guardian.settings import GuardianSettings
from services.ingest.settings import IngestSettings
from services.journal.settings import JournalSettings
from services.notifier.settings import NotifierSettings
from services.risk.settings import RiskSettings
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from shared.config.settings import CommonSettings
from shared.domain.incoherent import Incoherent
from shared.domain.level import BASIC
from shared.domain.like import Like
from simulator.server.settings import ServerSettings
from simulator.settings import SimulatorSettings


class MarketSettings(BaseModel):
    """The market that sim mode plays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["generator", "files"] = Field(
        "generator", description="Where the market comes from: a seeded generator, or `files`", json_schema_extra=BASIC
    )
    days: float = Field(
        5.0,
        ge=0.001,
        le=3660,
        description="Length of the generated market, days",
        json_schema_extra=BASIC,
    )
    seed: int = Field(
        7, ge=0, description="Seed of the generated market; the same seed gives the same market", json_schema_extra=BASIC
    )
    files: dict[str, Path] = Field(
        default_factory=dict,
        description="File with recorded one-minute candles of each symbol, for source: files",
        json_schema_extra=BASIC,
    )
    funding_rate: Annotated[str, Like("0.0001 or -0.0001")] = Field(
        "0.0001",
        pattern=r"^-?\d{1,3}(\.\d{1,18})?$",
        description="Funding rate paid every 8 hours, fraction of the notional",
    )
    speed: float | None = Field(
        60.0,
        gt=0,
        description="Market seconds per second for `ict run market`; null = as fast as the system keeps up",
    )

    @model_validator(mode="after")
    def _files_are_named(self) -> Self:
        if self.source == "files" and not self.files:
            raise Incoherent({"files": "source: files needs a file for each symbol: {BTCUSDT: candles.parquet}"})
        return self


class Settings(CommonSettings):
    """The root of every configuration file. Validators here hold what only the sections together can tell."""

    ingest: IngestSettings = Field(default_factory=IngestSettings, description="Candles: live feed, quality, aggregation")
    analysis: AnalysisSettings = Field(default_factory=AnalysisSettings, description="The ICT engine")
    signals: SignalsSettings = Field(default_factory=SignalsSettings, description="Strategies and when they decide")
    risk: RiskSettings = Field(default_factory=RiskSettings, description="Position size, limits, kill switch")
    execution: ExecutionSettings = Field(default_factory=ExecutionSettings, description="Orders and their protection")
    guardian: GuardianSettings = Field(
        default_factory=GuardianSettings, description="The process that places a stop where none stands"
    )
    notifier: NotifierSettings = Field(default_factory=NotifierSettings, description="Who is notified of what")
    journal: JournalSettings = Field(default_factory=JournalSettings, description="The database that records everything")
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings, description="The simulated exchange")
    server: ServerSettings = Field(
        default_factory=ServerSettings, description="`ict simulator`: the server that speaks Binance's protocol"
    )
    status: StatusSettings = Field(default_factory=StatusSettings, description="Whom `ict status` asks")
    backtest: BacktestSettings = Field(default_factory=BacktestSettings, description="What backtests keep on disk")
    market: MarketSettings = Field(default_factory=MarketSettings, description="The market that sim mode plays")

    def _cross_section_faults(self) -> dict[str, str]:
        faults = (
            self._live_faults()
            | self._listing_faults()
            | self._timeframe_faults()
            | self._companion_faults()
            | self._regime_faults()
            | self._margin_faults()
            | self._file_faults()
        )
        if self.layout == "embedded" and self.mode not in ("sim", "paper"):
            faults["layout"] = f"mode {self.mode} needs a process a service: set layout to split or fused"
        return faults

    def _live_faults(self) -> dict[str, str]:
        faults: dict[str, str] = {}
        if self.mode == "live" and self.signals.drill:
            faults["signals.drill"] = "lets strategies trade without a reason, never with real money: set it to false"
        if self.mode == "live" and "strategies" not in self.signals.model_fields_set:
            known = ", ".join(name for name, strategy in STRATEGIES.items() if not strategy.drill)
            faults["signals.strategies"] = (
                "mode live trades no strategy by default: name those that may trade real money, for example "
                f"`signals: {{strategies: [ob_fvg]}}`; there are: {known}"
            )
        return faults

    def _listing_faults(self) -> dict[str, str]:
        every = self.execution.driver.instruments_every_s
        if self.simulated or every * 1000 < self.risk.listing_age_ms:
            return {}
        text = f"execution reads the list every {every:g} s (execution.driver.instruments_every_s): must be longer than that"
        return {"risk.listing_age_ms": text}

    def _timeframe_faults(self) -> dict[str, str]:
        lacking: dict[str, list[str]] = {}
        judged: dict[str, str] = {}
        for each in self.signals.enabled():
            unread = [frame for frame in each.scope.reads if frame not in self.timeframes]
            if unread:
                lacking[each.name], judged[each.name] = list(unread), each.timeframe
        if not lacking:
            return {}
        reads = "; ".join(f"strategy {name} {self._does(judged[name], unread)}" for name, unread in lacking.items())
        missing = ", ".join(dict.fromkeys(frame for unread in lacking.values() for frame in unread))
        first = next(iter(lacking))
        section = f"signals.{first}" if first in STRATEGIES else f"signals.plugins.{first}"
        return {"timeframes": f"{reads}: add {missing} here, or set {section}.timeframe to one that is here"}

    @staticmethod
    def _does(judged: str, unread: list[str]) -> str:
        return f"judges {judged} candles" if unread == [judged] else f"reads {', '.join(unread)} candles"

    def _companion_faults(self) -> dict[str, str]:
        """A strategy that looks at another symbol gets it in every partition's core, or in none."""
        for each in self.signals.enabled():
            for other in each.symbols:
                if other not in self.symbols:
                    text = f"strategy {each.name} reads {other}: add it here, or take the strategy out of signals.strategies"
                    return {"symbols": text}
                together = next(taken for p in range(self.partitions.count) if other in (taken := self.symbols_of(p)))
                apart = [symbol for symbol in self.symbols if symbol not in together]
                if apart:
                    text = f"strategy {each.name} reads {other} beside {apart[0]}: pin them to one partition"
                    return {"partitions": text}
        return {}

    def _regime_faults(self) -> dict[str, str]:
        """A route needs the regime of every symbol that its strategy judges, and a model the candles of its timeframe."""
        models = self.signals.regimes.loaded()
        unread = [model for model in models.values() if model.timeframe not in self.timeframes]
        without = [symbol for symbol in self.symbols if symbol not in models] if self.signals.regimes.routes else []
        faults: dict[str, str] = {}
        if unread:
            faults["timeframes"] = (
                f"the regime model of {unread[0].symbol} reads {unread[0].timeframe} candles: add them here"
            )
        if without:
            faults["signals.regimes.models"] = (
                f"there are routes and no model of {', '.join(without)}: fit one (`ict train regimes`) or remove the routes"
            )
        return faults

    def _margin_faults(self) -> dict[str, str]:
        rate, leverage = self.simulator.maintenance_rate, self.account.leverage
        if rate * leverage < 1:
            return {}
        text = f"{rate} x account.leverage {leverage} is not below 1: a full position would be liquidated at once"
        return {"simulator.maintenance_rate": f"{text}; lower one of them"}

    def _file_faults(self) -> dict[str, str]:
        if self.market.source != "files":
            return {}
        strangers = sorted(self.market.files.keys() - set(self.symbols))
        lacking = sorted(set(self.symbols) - self.market.files.keys())
        if strangers:
            return {f"market.files.{strangers[0]}": f"is not among symbols ({', '.join(self.symbols)}): add it there"}
        return {"market.files": f"no file for {', '.join(lacking)}: add one, or take it out of symbols"} if lacking else {}
