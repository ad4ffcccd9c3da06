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
    max_drawdown: Decimal = Field(
        Decimal("0.15"),
        gt=0,
        lt=1,
        description="Loss from the highest equity at which every position is to be closed, fraction of that equity",
        json_schema_extra=BASIC,
    )
    max_losing_streak: int = Field(
        5, ge=1, le=100, description="Trades lost in a row at which entries stop until `ict rearm`"
    )
    caution_loss: Decimal = Field(
        Decimal("0.015"),
        gt=0,
        lt=1,
        description="Loss of a UTC day from which positions are smaller, fraction of the day's first equity",
    )
    caution_loss_release: Decimal = Field(
        Decimal("0.01"), gt=0, lt=1, description="Loss of a UTC day below which they are no longer, fraction of the same"
    )
    caution_trades: int = Field(20, ge=1, le=1_000, description="Trades over which the share of won ones is computed")
    caution_win_rate: Decimal = Field(
        Decimal("0.5"), ge=0, le=1, description="Share of trades won below which positions are smaller, 0 to 1"
    )
    caution_win_rate_release: Decimal = Field(
        Decimal("0.55"), ge=0, le=1, description="Share of trades won from which they are no longer, 0 to 1"
    )
    caution_size: Decimal = Field(
        Decimal("0.5"), gt=0, le=1, description="Part of `risk_per_trade` that is risked in state CAUTION"
    )
    caution_score: Decimal = Field(
        Decimal("1.25"),
        ge=1,
        le=10,
        description="Points that a signal needs in state CAUTION, multiple of those that its strategy asks for",
    )
    account_age_ms: int = Field(
        10_000, ge=1_000, le=600_000, description="Age of the account's statement beyond which nothing is approved, ms"
    )
    listing_age_ms: int = Field(
        2_700_000,
        ge=60_000,
        le=604_800_000,
        description="Age of the exchange's list of symbols beyond which nothing is approved in modes testnet and live, ms",
    )
    intents_per_minute: int = Field(10, ge=1, le=10_000, description="Approvals within a minute at which a pause begins")
    cooldown_ms: int = Field(
        300_000, ge=60_000, le=86_400_000, description="Length of the pause after too many approvals in a minute, ms"
    )
    fat_finger_factor: Decimal = Field(
        Decimal(10), gt=1, le=1_000, description="Most times the average of the entries before that an entry may be worth"
    )
    fat_finger_entries: int = Field(20, ge=3, le=1_000, description="Entries over which that average is computed")
    max_exposure: Decimal = Field(
        Decimal(3), gt=0, le=150, description="Largest sum of all positions and entries in flight, multiple of equity"
    )
    max_leverage: int = Field(20, ge=1, le=150, description="Highest `account.leverage` with which entries are approved")
    max_margin_ratio: Decimal = Field(
        Decimal("0.5"), gt=0, le=1, description="Largest maintenance margin with the new position, fraction of equity"
    )
    expected_slippage: Decimal = Field(
        Decimal("0.0001"),
        ge=0,
        le=Decimal("0.05"),
        description="What spread and slippage cost at each fill on average, fraction of the price; for `max_costs` only",
    )
    max_costs: Decimal = Field(
        Decimal("0.2"),
        gt=0,
        le=10,
        description="Most that fees and expected slippage of both ways may cost, fraction of the distance to the stop",
        json_schema_extra=BASIC,
    )
    max_funding: Decimal = Field(
        Decimal("0.001"),
        ge=0,
        le=Decimal("0.1"),
        description="Largest next funding payment with which an entry is approved, fraction of the notional; where as much "
        "is paid or received, `caution_size` holds",
    )
    expected_holding_ms: int = Field(
        14_400_000,
        ge=0,
        le=604_800_000,
        description="Time for which a position is expected to be held, ms; a funding payment within it is one of its costs",
    )
    max_equity_jump: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        le=1,
        description="Change of equity between two statements, explained by neither results, funding nor transfers, at which "
        "entries stop until `ict rearm`, fraction of equity",
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
        """Raise ValueError for limits that contradict each other: one that should come later would come first."""
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
        if self.caution_loss_release > self.caution_loss:
            raise ValueError(
                f"caution_loss_release {self.caution_loss_release} is above caution_loss {self.caution_loss}: lower it"
            )
        if self.caution_win_rate_release < self.caution_win_rate:
            raise ValueError(
                f"caution_win_rate_release {self.caution_win_rate_release} is below caution_win_rate "
                f"{self.caution_win_rate}: raise it"
            )
        return self
