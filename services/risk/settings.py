"""Every number of the risk service, with its default."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RiskSettings(BaseModel):
    """Settings of the risk service. Fractions are of the account's equity unless said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk_per_trade: Decimal = Field(
        Decimal("0.01"), gt=0, le=Decimal("0.05"), description="Lost when the stop is hit, fraction of equity (RISK-1)"
    )
    position_margin_cap: Decimal = Field(
        Decimal("0.10"), gt=0, le=1, description="Largest margin of one position, fraction of equity (RISK-1)"
    )
    symbol_margin_cap: Decimal = Field(
        Decimal("0.20"), gt=0, le=1, description="Largest margin of all exposure in one symbol, fraction of equity (RISK-1)"
    )
    max_positions: int = Field(2, ge=1, le=1_000, description="Positions at once, those on their way included")
    trades_per_day: int = Field(5, ge=1, le=1_000_000, description="Approvals per UTC day (RISK-2)")
    daily_loss_limit: Decimal = Field(
        Decimal("0.03"), gt=0, lt=1, description="Loss of the UTC day that stops entries until the next day (RISK-2)"
    )
    halt_loss_limit: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        lt=1,
        description="Loss of the UTC day beyond which entries stop until re-armed by hand (RISK-2)",
    )
    deadline_ms: int = Field(
        10_000, ge=100, le=600_000, description="Wait for a close's decisions, ms by the clock; then it is decided without"
    )
    max_pending_closes: int = Field(256, ge=2, le=10_000, description="Ceiling of closes held back at once")
    controls_remembered: int = Field(
        256, ge=1, le=10_000, description="Control ids remembered, so that a resent one acts once"
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.halt_loss_limit < self.daily_loss_limit:
            raise ValueError("halt_loss_limit is below daily_loss_limit: the halt must not come before the day's stop")
        if self.symbol_margin_cap < self.position_margin_cap:
            raise ValueError("symbol_margin_cap is below position_margin_cap: lower position_margin_cap")
        return self
