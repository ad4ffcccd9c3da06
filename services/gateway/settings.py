"""Every number of the gateway, with its default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GatewaySettings(BaseModel):
    """Settings of the gateway (modes testnet and live)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_every_s: float = Field(
        15.0,
        ge=1,
        le=300,
        description="between two statements of the whole account, each compared with the exchange by REST",
    )
    hold_ms: int = Field(
        500,
        ge=10,
        le=10_000,
        description="news whose fills and positions do not agree yet wait so long; then the exchange is asked",
    )
    ids_remembered: int = Field(
        1_024, ge=64, le=100_000, description="client ids remembered: a repeat of one is a question, never a second order"
    )
    resends: int = Field(
        1,
        ge=0,
        le=5,
        description="times that an order which certainly never arrived is sent once more, before it is refused",
    )
    fills_remembered: int = Field(2_048, ge=64, le=1_000_000, description="trade ids remembered, so that each counts once")
    trades_per_question: int = Field(500, ge=10, le=1_000, description="executions asked for at once")
    trades_overlap_ms: int = Field(
        5_000, ge=0, le=600_000, description="executions are asked for from this long before the account last agreed"
    )
    drain_s: float = Field(8.0, gt=0, le=60, description="requests in hand are finished within this when the process stops")
