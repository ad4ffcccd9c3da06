"""Defines the settings of the signals service: its strategies, and how long a close waits for its analyses."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.signals import plugins
from services.signals.contract import Enabled, Strategy
from services.signals.filters import filtering
from services.signals.filters.settings import FiltersSettings
from services.signals.regimes.settings import RegimeSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.breaker_retest import BreakerRetestSettings
from services.signals.strategies.classical.bollinger import BollingerSettings
from services.signals.strategies.classical.donchian import DonchianSettings
from services.signals.strategies.classical.funding_carry import FundingCarrySettings
from services.signals.strategies.classical.macd import MacdSettings
from services.signals.strategies.classical.moving_averages import MovingAveragesSettings
from services.signals.strategies.classical.rsi_extremes import RsiExtremesSettings
from services.signals.strategies.classical.zscore import ZscoreSettings
from services.signals.strategies.every_close import EveryCloseSettings
from services.signals.strategies.judas import JudasSettings
from services.signals.strategies.ob_fvg import ObFvgSettings
from services.signals.strategies.ote import OteSettings
from services.signals.strategies.silver_bullet import SilverBulletSettings
from services.signals.strategies.sweep_reversal import SweepReversalSettings
from services.signals.strategies.top_down import TopDownSettings
from shared.config.fields import suggestion
from shared.domain.decisions import MAX_STRATEGIES
from shared.domain.facts import FactKind
from shared.domain.incoherent import Incoherent
from shared.domain.level import BASIC
from shared.domain.like import Like
from shared.domain.timeframes import FINEST, Timeframe


def strategy_of(name: str) -> Strategy[Any]:
    """Return the built-in strategy of this name, else the one that an installed package offers. Raises UnusableStrategy."""
    found = STRATEGIES.get(name)
    return found if found is not None else plugins.load(name, STRATEGIES)


def _known(name: str) -> str:
    """Return the name. Raises UnusableStrategy, which is a ValueError, unless there is a usable strategy of this name."""
    strategy_of(name)
    return name


StrategyName = Annotated[str, AfterValidator(_known), Like("ob_fvg")]


class SignalsSettings(BaseModel):
    """Settings of the signals service: strategies, their own settings, and how long a close waits for its analyses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategies: tuple[StrategyName, ...] = Field(
        ("ob_fvg",),
        min_length=1,
        max_length=MAX_STRATEGIES,
        description="Strategies that judge every symbol, built in or of installed packages. Mode live needs them named",
        json_schema_extra=BASIC,
    )
    paused: tuple[StrategyName, ...] = Field(
        (),
        description="Strategies that judge but may not signal for now; no command ends that, `ict pause --strategy` adds",
        json_schema_extra=BASIC,
    )
    drill: bool = Field(
        False,
        description="Allow strategies that trade without a reason, for benchmarks and drills; mode live refuses it",
    )
    ob_fvg: ObFvgSettings = Field(default_factory=ObFvgSettings, description="Order block with fair value gap")
    every_close: EveryCloseSettings = Field(default_factory=EveryCloseSettings, description="Entries at every 1m close")
    top_down: TopDownSettings = Field(default_factory=TopDownSettings, description="Top-down confluence")
    sweep_reversal: SweepReversalSettings = Field(
        default_factory=SweepReversalSettings, description="Reversal after a sweep of liquidity"
    )
    silver_bullet: SilverBulletSettings = Field(
        default_factory=SilverBulletSettings, description="Gap of a Silver Bullet hour"
    )
    ote: OteSettings = Field(default_factory=OteSettings, description="Continuation from the optimal trade entry")
    breaker_retest: BreakerRetestSettings = Field(
        default_factory=BreakerRetestSettings, description="Retest of a breaker block"
    )
    judas: JudasSettings = Field(default_factory=JudasSettings, description="Judas swing, Power of Three")
    moving_averages: MovingAveragesSettings = Field(
        default_factory=MovingAveragesSettings, description="Cross of two moving averages"
    )
    donchian: DonchianSettings = Field(
        default_factory=DonchianSettings, description="Breakout of a channel of highs and lows"
    )
    macd: MacdSettings = Field(default_factory=MacdSettings, description="Cross of the MACD line and its signal line")
    bollinger: BollingerSettings = Field(default_factory=BollingerSettings, description="Return into the Bollinger bands")
    rsi_extremes: RsiExtremesSettings = Field(
        default_factory=RsiExtremesSettings, description="Relative strength index leaving its extreme"
    )
    zscore: ZscoreSettings = Field(
        default_factory=ZscoreSettings, description="Distance from the mean in standard deviations"
    )
    funding_carry: FundingCarrySettings = Field(
        default_factory=FundingCarrySettings, description="The side that receives a high funding rate"
    )
    plugins: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of strategies of installed packages, by the strategy's name"
    )
    presets: dict[StrategyName, str] = Field(
        default_factory=dict, description="Named set of settings that a strategy runs with, by the strategy's name"
    )
    regimes: RegimeSettings = Field(
        default_factory=RegimeSettings, description="Regimes of the market, and who trades in which"
    )
    filters: FiltersSettings = Field(
        default_factory=FiltersSettings, description="Whether now is a moment to act on what a strategy sees"
    )
    deadline_ms: int = Field(
        5_000,
        ge=100,
        le=600_000,
        description="Longest wait for the analyses of a close, ms; then those that are missing are declared missing",
    )
    patience_closes: int = Field(
        30,
        ge=1,
        le=1_440,
        description="1m closes that may arrive ahead of an incomplete close before it is decided without the rest",
    )
    max_pending_closes: int = Field(256, ge=2, le=10_000, description="Most closes held back at once")
    publish_judgements: bool = Field(
        False,
        description="Publish at each close what every strategy said, with its numbers, for `ict watch`; off costs nothing",
    )
    slow_ms: int = Field(
        500,
        ge=0,
        le=60_000,
        description="Time for one judgement beyond which a strategy is told as slow, once an hour, ms; 0 = never",
    )
    used_facts: int = Field(
        256, ge=16, le=10_000, description="Facts remembered for each symbol and strategy as having given a signal"
    )
    moments: int = Field(
        16,
        ge=1,
        le=256,
        description="Sweeps, displacements and openings of kill zones remembered for each symbol, timeframe and kind",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        """Raise ValueError for what cannot work together: see the texts."""
        if len(set(self.strategies)) != len(self.strategies):
            raise ValueError(f"strategies {list(self.strategies)} names one twice: name each once")
        for name in self.strategies:
            if strategy_of(name).drill and not self.drill:
                raise ValueError(
                    f"strategy {name} trades without a reason: set drill to true (mode live refuses it), or take {name} out "
                    "of strategies"
                )
        self._check_plugins()
        self._check_presets()
        strangers = sorted(self.regimes.routes.keys() - set(self.strategies))
        if strangers:
            raise Incoherent({f"regimes.routes.{strangers[0]}": "is not among strategies: add it there, or take this out"})
        for section, filter_ in self.filters.sections().items():
            for place, name in enumerate(filter_.strategies):
                try:
                    strategy_of(name)
                except ValueError as error:
                    raise Incoherent({f"filters.{section}.strategies.{place}": str(error)}) from None
        if self.patience_closes > self.max_pending_closes:
            raise ValueError(
                f"patience_closes {self.patience_closes} is above max_pending_closes {self.max_pending_closes}: "
                "lower the first or raise the second"
            )
        return self

    def enabled(self) -> tuple[Enabled, ...]:
        """Return the strategies with their settings, in the order of ``strategies``, paused ones too."""
        return tuple(Enabled(strategy_of(name), self.settings_of(name)) for name in self.strategies)

    def settings_of(self, name: str) -> BaseModel:
        """Return the settings of a strategy. Raises Incoherent, naming strategy and setting, for those of a plug-in."""
        if name in self.presets:
            chosen: BaseModel = strategy_of(name).presets[self.presets[name]]
            return chosen
        if name in STRATEGIES:
            section: BaseModel = getattr(self, name)
            return section
        model: type[BaseModel] = strategy_of(name).settings
        try:
            return model.model_validate(self.plugins.get(name, {}))
        except ValidationError as error:
            faults = {}
            for each in error.errors():
                where = ".".join(str(part) for part in ("plugins", name, *each["loc"]))
                hint = (
                    suggestion(str(each["loc"][-1]), list(model.model_fields)) if each["type"] == "extra_forbidden" else ""
                )
                faults[where] = f"{each['msg']}{hint}"
            raise Incoherent(faults) from None
        except Exception as error:  # a validator or default of a plug-in may raise anything
            raise Incoherent({f"plugins.{name}": f"its settings cannot be read: {type(error).__name__}: {error}"}) from error

    def reads(self) -> frozenset[FactKind]:
        """Return the kinds of facts that strategies and filters read, of paused ones too: a pause may end at any close."""
        enabled = self.enabled()
        of_filters = filtering.reads(self.filters, enabled)
        return of_filters.union(*(kinds for each in enabled for kinds in each.scope.reads.values()))

    def reads_on(self, timeframe: Timeframe) -> frozenset[FactKind]:
        """Return the kinds of facts that strategies read on a timeframe, and filters of their signals there."""
        enabled = self.enabled()
        of_filters = filtering.reads_on(self.filters, enabled, timeframe)
        return of_filters.union(*(each.scope.reads.get(timeframe, ()) for each in enabled))

    def frames(self) -> frozenset[Timeframe]:
        """Return the timeframes whose analyses are needed: 1m, those that strategies read, and those of regime models."""
        of_models = {model.timeframe for model in self.regimes.loaded().values()}
        return frozenset({FINEST}).union(of_models, *(each.scope.reads for each in self.enabled()))

    def _check_plugins(self) -> None:
        """Raise Incoherent for settings of no enabled plug-in, and for those that it refuses."""
        strangers = sorted(self.plugins.keys() - set(self.strategies))
        if strangers:
            raise Incoherent({f"plugins.{strangers[0]}": "is not among strategies: add it there, or take this out"})
        built_in = sorted(self.plugins.keys() & STRATEGIES.keys())
        if built_in:
            text = f"is built in: its settings stand in section {built_in[0]}, not in plugins"
            raise Incoherent({f"plugins.{built_in[0]}": text})
        for name in self.strategies:
            if name not in STRATEGIES:
                Enabled(strategy_of(name), self.settings_of(name))

    def _check_presets(self) -> None:
        """Raise Incoherent for a preset that there is not, and for settings beside one."""
        for name, preset in self.presets.items():
            where, known = f"presets.{name}", strategy_of(name).presets
            if name not in self.strategies:
                raise Incoherent({where: "is not among strategies: add it there, or take this out"})
            if preset not in known:
                there = f"it has {', '.join(known)}" if known else "it has none"
                raise Incoherent({where: f"strategy {name} has no preset {preset}; {there}"})
            own = getattr(self, name) if name in STRATEGIES else None
            if (own is not None and own not in (type(own)(), known[preset])) or self.plugins.get(name):
                raise Incoherent({where: f"sets what section {name} sets too: take one of the two out"})
