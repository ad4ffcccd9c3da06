"""Defines the settings of the risk service: position size, limits, loss limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.level import BASIC


class RiskSettings(BaseModel):
    """Settings of the risk service. Fractions are of the account's equity unless said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk_per_trade: Decimal = Field(
        Decimal("0.01"),
        gt=0,
        le=Decimal("0.05"),
        description="Loss if the stop is hit, fees and slippage included, fraction of equity",
        json_schema_extra=BASIC,
    )
    max_slippage: Decimal = Field(
        Decimal("0.0015"),
        ge=0,
        le=Decimal("0.05"),
        description="Worst fill accepted at a market entry, fraction of the price; at most a quarter of the way to the stop",
        json_schema_extra=BASIC,
    )
    taker_fee: Decimal = Field(
        Decimal("0.0005"),
        ge=0,
        le=Decimal("0.1"),
        description="Fee counted for the way in and for the way out, fraction of the notional",
    )
    entry_validity_ms: int = Field(
        5_000, ge=100, le=60_000, description="Time after its approval in which an entry may be sent, ms"
    )
    position_margin_cap: Decimal = Field(
        Decimal("0.10"),
        gt=0,
        le=1,
        description="Largest margin of one position, fraction of equity",
        json_schema_extra=BASIC,
    )
    symbol_margin_cap: Decimal = Field(
        Decimal("0.20"),
        gt=0,
        le=1,
        description="Largest margin of all exposure in one symbol, fraction of equity",
        json_schema_extra=BASIC,
    )
    max_positions: int = Field(
        2, ge=1, le=1_000, description="Most positions at once, including entries in flight", json_schema_extra=BASIC
    )
    trades_per_day: int = Field(5, ge=1, le=1_000_000, description="Most approvals in a UTC day", json_schema_extra=BASIC)
    daily_loss_limit: Decimal = Field(
        Decimal("0.03"),
        gt=0,
        lt=1,
        description="Loss of a UTC day at which entries stop until the next day, fraction of the day's first equity",
        json_schema_extra=BASIC,
    )
    halt_loss_limit: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        lt=1,
        description="Loss of a UTC day beyond which entries stop until `ict rearm`, fraction of the day's first equity",
        json_schema_extra=BASIC,
    )
    deadline_ms: int = Field(
        10_000,
        ge=100,
        le=600_000,
        description="Longest wait for the decisions of a close, ms; then it is decided without those that are missing",
    )
    max_pending_closes: int = Field(256, ge=2, le=10_000, description="Most closes held back at once")
    controls_remembered: int = Field(
        256, ge=1, le=10_000, description="Control ids remembered, so that a repeated command acts once"
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        """Raise ValueError if the halt would come before the day's stop, or one position could exceed its symbol's cap."""
        if self.halt_loss_limit < self.daily_loss_limit:
            raise ValueError(
                f"halt_loss_limit {self.halt_loss_limit} is below daily_loss_limit {self.daily_loss_limit}: "
                "raise the first or lower the second"
            )
        if self.symbol_margin_cap < self.position_margin_cap:
            raise ValueError(
                f"symbol_margin_cap {self.symbol_margin_cap} is below position_margin_cap {self.position_margin_cap}: "
                "raise the first or lower the second"
            )
        return self
