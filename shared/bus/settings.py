"""How the bus behaves towards its broker: every wait, bound and backoff, with its default."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class BrokerSettings(BaseModel):
    """Times in seconds. The defaults are those measured in the messaging study: freeze failover, restart, backpressure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heartbeat: int = Field(5, ge=1, le=60, description="broker and client say that they live this often")
    reconnect_interval: float = Field(0.5, gt=0, le=60, description="pause between attempts to reach the broker")
    connect_timeout: float = Field(10.0, gt=0, le=120, description="one attempt to connect takes at most this long")
    setup_timeout: float = Field(30.0, gt=0, le=300, description="declaring the topology and subscribing after a connect")
    confirm_timeout: float = Field(
        30.0, gt=0, le=600, description="without the broker's confirm for this long, reconnect and publish again"
    )
    stalled_after: float = Field(
        2.0, gt=0, le=600, description="a confirm outstanding for this long makes the bus unhealthy (memory alarm)"
    )
    backoff_min: float = Field(0.005, gt=0, le=10, description="first pause before a refused message is published again")
    backoff_max: float = Field(0.2, gt=0, le=60, description="longest such pause; pauses double and are jittered")
    close_grace: float = Field(5.0, ge=0, le=60, description="close waits this long for outstanding confirms")
    dead_letter_length: int = Field(10_000, ge=1, description="messages kept in each dead-letter queue; the oldest go first")
    reason_length: int = Field(2_000, ge=100, le=60_000, description="characters kept of a dead letter's reason")
    gap_memory: int = Field(4_096, ge=1, description="publisher and topic pairs whose last sequence number is remembered")

    @model_validator(mode="after")
    def _backoff_grows(self) -> Self:
        if self.backoff_max < self.backoff_min:
            raise ValueError("backoff_max must not be smaller than backoff_min")
        return self
