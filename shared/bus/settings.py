"""Settings of the connection to RabbitMQ: waits, limits and backoff."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class BrokerSettings(BaseModel):
    """Waits and limits of the connection to RabbitMQ. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heartbeat: int = Field(5, ge=1, le=60, description="Time between two heartbeats of broker and client, seconds")
    reconnect_interval: float = Field(0.5, gt=0, le=60, description="Pause between attempts to reach the broker, seconds")
    connect_timeout: float = Field(10.0, gt=0, le=120, description="Longest duration of one attempt to connect, seconds")
    setup_timeout: float = Field(
        30.0, gt=0, le=300, description="Longest time for declaring the topology and subscribing after a connect, seconds"
    )
    consume_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        description="Longest wait for a queue to accept a consumer, seconds; then the bus reconnects and asks again",
    )
    confirm_timeout: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest wait for the broker's confirm, seconds; then the bus reconnects and publishes again",
    )
    stalled_after: float = Field(
        2.0, gt=0, le=600, description="Age of an outstanding confirm that makes the bus unhealthy, seconds (memory alarm)"
    )
    backoff_min: float = Field(
        0.005, gt=0, le=10, description="First pause before a refused message is published again, seconds"
    )
    backoff_max: float = Field(0.2, gt=0, le=60, description="Longest such pause, seconds; pauses double and are jittered")
    close_grace: float = Field(5.0, ge=0, le=60, description="Wait for outstanding confirms when the bus closes, seconds")
    dead_letter_length: int = Field(10_000, ge=1, description="Messages kept in each dead-letter queue; the oldest go first")
    reason_length: int = Field(2_000, ge=100, le=60_000, description="Characters kept of a dead letter's reason")
    gap_memory: int = Field(4_096, ge=1, description="Publisher and topic pairs whose last sequence number is remembered")

    @model_validator(mode="after")
    def _backoff_grows(self) -> Self:
        if self.backoff_max < self.backoff_min:
            raise ValueError(f"backoff_max {self.backoff_max} is below backoff_min {self.backoff_min}: raise it")
        return self
