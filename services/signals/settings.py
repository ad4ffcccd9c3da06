"""Defines the settings of the signals service: its strategies, and how long a close waits for its analyses."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.level import BASIC
from shared.domain.timeframes import Timeframe

#: The keys of ``services.signals.strategies.STRATEGIES``; tests/unit/services/signals/test_signals_settings.py checks that.
StrategyName = Literal["ob_fvg", "every_close"]


class ObFvgSettings(BaseModel):
    """Settings of the strategy ob_fvg: market entry on one timeframe when price returns to an order block near a gap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges", json_schema_extra=BASIC)
    warmup_candles: int = Field(
        20, ge=0, le=10_000, description="Candles of this timeframe seen before the first signal; 0 = no warm-up"
    )
    min_block_score: float = Field(0.3, ge=0.0, le=1.0, description="Lowest validity score of an order block")
    max_gap_distance: float = Field(0.5, ge=0.0, le=10.0, description="Largest distance between block and gap, ATR")
    stop_buffer: float = Field(
        0.002, gt=0.0, le=0.05, description="Distance of the stop beyond the block's far side, fraction of that price"
    )
    reward_risk: float = Field(
        2.0,
        gt=0.0,
        le=20.0,
        description="Distance of the target as a multiple of the stop's distance (2 = 1:2)",
        json_schema_extra=BASIC,
    )
    min_stop_distance: float = Field(0.001, gt=0.0, le=0.1, description="Nearest stop accepted, fraction of the entry price")
    max_stop_distance: float = Field(0.03, gt=0.0, le=0.5, description="Farthest stop accepted, fraction of the entry price")
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")
    weight_structure: float = Field(2.0, ge=0.0, le=100.0, description="Points if the trend has the signal's direction")
    weight_order_block: float = Field(2.0, ge=0.0, le=100.0, description="Points for the order block")
    weight_fvg: float = Field(1.5, ge=0.0, le=100.0, description="Points for the fair value gap")
    entry_score: float = Field(4.0, ge=0.0, le=300.0, description="Fewest points of an entry", json_schema_extra=BASIC)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if no setup could give a signal, or a target could be at zero or below."""
        if self.min_stop_distance > self.max_stop_distance:
            raise ValueError(
                f"min_stop_distance {self.min_stop_distance} is above max_stop_distance {self.max_stop_distance}: no stop "
                "could pass; lower the first or raise the second"
            )
        if self.max_stop_distance * self.reward_risk >= 1.0:
            raise ValueError(
                f"max_stop_distance {self.max_stop_distance} x reward_risk {self.reward_risk} is 1 or more: the target of a "
                "sell could be at zero or below; lower one of them"
            )
        if self.entry_score > self.weight_structure + self.weight_order_block + self.weight_fvg:
            raise ValueError(
                f"entry_score {self.entry_score} is above the sum of the weights, "
                f"{self.weight_structure + self.weight_order_block + self.weight_fvg}: no setup could reach it; lower it"
            )
        return self


class EveryCloseSettings(BaseModel):
    """Settings of the strategy every_close, a drill that enters at every 1m close, whatever the market does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_distance: float = Field(0.002, gt=0.0, le=0.2, description="Distance of the stop, fraction of the entry price")
    target_distance: float = Field(0.004, gt=0.0, le=0.5, description="Distance of the target, fraction of the entry price")
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")


class SignalsSettings(BaseModel):
    """Settings of the signals service: strategies, their own settings, and how long a close waits for its analyses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategies: tuple[StrategyName, ...] = Field(
        ("ob_fvg",),
        min_length=1,
        description="Strategies that judge every symbol; the first with a signal wins. Mode live needs them named",
        json_schema_extra=BASIC,
    )
    paused: tuple[StrategyName, ...] = Field(
        (), description="Strategies that judge but may not signal for now", json_schema_extra=BASIC
    )
    drill: bool = Field(
        False,
        description="Allow strategies that trade without a reason, for benchmarks and drills; mode live refuses it",
    )
    ob_fvg: ObFvgSettings = Field(default_factory=ObFvgSettings, description="Order block with fair value gap")
    every_close: EveryCloseSettings = Field(default_factory=EveryCloseSettings, description="Entries at every 1m close")
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
    used_facts: int = Field(256, ge=16, le=10_000, description="Facts remembered for each symbol as having given a signal")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        """Raise ValueError for a strategy named twice, a drill without ``drill``, or more patience than closes held back."""
        if len(set(self.strategies)) != len(self.strategies):
            raise ValueError(f"strategies {list(self.strategies)} names one twice: name each once")
        if "every_close" in self.strategies and not self.drill:
            raise ValueError(
                "strategy every_close trades without a reason: set drill to true (mode live refuses it), or take "
                "every_close out of strategies"
            )
        if self.patience_closes > self.max_pending_closes:
            raise ValueError(
                f"patience_closes {self.patience_closes} is above max_pending_closes {self.max_pending_closes}: "
                "lower the first or raise the second"
            )
        return self
