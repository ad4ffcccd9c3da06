"""Every number of the execution service, with its default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ExecutionSettings(BaseModel):
    """Settings of the execution service."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_retries: int = Field(
        1, ge=0, le=10, description="Further stops tried after a refused one, before the position is flattened (EXEC-3)"
    )
    attempts_per_step: int = Field(
        3,
        ge=1,
        le=20,
        description="Most queries, cancels and closing orders of one order or trade in one market step, each counted apart",
    )
    unanswered_ms: int = Field(
        3_000, ge=100, le=60_000, description="A request without an answer for this long by the clock is queried (EXEC-3)"
    )
    queries_before_alarm: int = Field(
        2, ge=1, le=100, description="Unanswered queries of one request after which its symbols freeze, with an alarm"
    )
    steps_before_write_off: int = Field(
        2,
        ge=1,
        le=60,
        description="Market steps in a row that must show our position flat before we believe it without a fill",
    )
    liquidation_prefixes: tuple[str, ...] = Field(
        ("autoclose-", "adl_autoclose", "settlement_autoclose-"),
        description="Client ids with which the exchange itself closes a position (liquidation, ADL, delisting)",
    )
    ids_remembered: int = Field(
        4_096, ge=64, le=100_000, description="Intents and client ids of finished trades remembered, each, against repeats"
    )
    foreign_remembered: int = Field(
        256, ge=1, le=10_000, description="Foreign order ids remembered, so that each is alerted once (EXEC-4)"
    )
    controls_remembered: int = Field(
        256, ge=1, le=10_000, description="Control ids remembered, so that a resent one acts once"
    )
    fills_remembered: int = Field(
        1_024, ge=16, le=100_000, description="Fill ids remembered per live trade, so that each counts once"
    )
    queries_remembered: int = Field(
        256, ge=1, le=10_000, description="Query ids remembered while their request is unanswered"
    )
