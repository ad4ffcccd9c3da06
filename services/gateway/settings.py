"""Defines the settings of the gateway, which sends orders to the exchange and publishes the account's state."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GatewaySettings(BaseModel):
    """Settings of the gateway; used in modes testnet and live."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_every_s: float = Field(
        15.0,
        ge=1,
        le=300,
        description="Time between two account statements, each compared with the exchange by REST, seconds",
    )
    account_check_s: float = Field(
        60.0,
        ge=1,
        le=3_600,
        description="Time between two checks of leverage, margin type and the account's modes, seconds",
    )
    instruments_every_s: float = Field(
        900.0,
        ge=1,
        le=86_400,
        description="Time between two readings of the exchange's filters and states of symbols, seconds",
    )
    instruments_patience_s: float = Field(
        2.0,
        ge=0,
        le=30,
        description="Longest wait for the filters after an order was refused because of them, seconds",
    )
    delisting_lead_h: float = Field(
        24.0, ge=0, le=720, description="Time before a contract is delisted from which nothing is entered, hours"
    )
    hold_ms: int = Field(
        500,
        ge=10,
        le=10_000,
        description="How long fills and positions may disagree before the exchange is queried, ms",
    )
    ids_remembered: int = Field(
        1_024,
        ge=64,
        le=100_000,
        description="Client ids remembered; a repeated one is answered by a query, never by a second order",
    )
    resends: int = Field(
        1,
        ge=0,
        le=5,
        description="Times that an order which certainly never arrived is sent again before it is refused; 0 = never",
    )
    fills_remembered: int = Field(2_048, ge=64, le=1_000_000, description="Trade ids remembered, so that each counts once")
    trades_per_question: int = Field(500, ge=10, le=1_000, description="Trades requested in one query")
    trades_overlap_ms: int = Field(
        5_000,
        ge=0,
        le=600_000,
        description="How far before the last agreement of the account trades are requested again, ms",
    )
    drain_s: float = Field(
        8.0, gt=0, le=60, description="Time in which open requests are finished when the process stops, seconds"
    )
