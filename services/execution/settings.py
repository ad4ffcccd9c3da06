"""Defines the settings of the execution service: repeats, deadlines, how many ids are remembered."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ExecutionSettings(BaseModel):
    """Settings of the execution service: repeats, deadlines, how many ids are remembered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_retries: int = Field(
        1, ge=0, le=10, description="Further stops tried after a refused one before the position is closed; 0 = none"
    )
    attempts_per_step: int = Field(
        3,
        ge=1,
        le=20,
        description="Most queries, most cancels and most closing orders of one order or trade in one market step",
    )
    unanswered_ms: int = Field(
        3_000, ge=100, le=60_000, description="Time without an answer after which a request is queried, ms"
    )
    queries_before_alarm: int = Field(
        2, ge=1, le=100, description="Unanswered queries of one request after which its symbols are frozen, with an alarm"
    )
    steps_before_write_off: int = Field(
        2,
        ge=1,
        le=60,
        description="Market steps in a row that must show a position flat before it is believed without a fill",
    )
    liquidation_prefixes: tuple[str, ...] = Field(
        ("autoclose-", "adl_autoclose", "settlement_autoclose-"),
        description=(
            "Prefixes of client ids under which the exchange closes a position itself (liquidation, ADL, delisting)"
        ),
    )
    ids_remembered: int = Field(
        4_096, ge=64, le=100_000, description="Intents, and client ids of finished trades, remembered against repeats"
    )
    foreign_remembered: int = Field(
        256, ge=1, le=10_000, description="Ids of orders that are not ours remembered, so that each is alerted once"
    )
    controls_remembered: int = Field(
        256, ge=1, le=10_000, description="Control ids remembered, so that a repeated command acts once"
    )
    fills_remembered: int = Field(
        1_024, ge=16, le=100_000, description="Fill ids remembered for each live trade, so that each counts once"
    )
    queries_remembered: int = Field(
        256, ge=1, le=10_000, description="Query ids remembered while their request is unanswered"
    )
