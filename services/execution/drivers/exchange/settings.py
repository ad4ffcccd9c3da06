"""Defines the settings of execution's driver for a real exchange (modes testnet and live)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class DriverSettings(BaseModel):
    """Settings of the driver for a real exchange; used in modes testnet and live."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # -- time
    tick_ms: int = Field(100, ge=10, le=1_000, description="Time between two looks at what time alone changes, ms")
    statement_every_s: float = Field(
        5.0, ge=1, le=60, description="Time between two statements of the account, each asked of the exchange, seconds"
    )
    funding_every_s: float = Field(
        900.0, ge=1, le=86_400, description="Time between two queries of funding payments, seconds; one follows each payment"
    )
    funding_overlap_s: float = Field(
        7_200.0,
        ge=3_600,
        le=86_400,
        description="How far back funding payments are queried, seconds; some are listed late, and each counts once",
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
        0.8,
        ge=0,
        le=30,
        description="Longest wait for the filters after an order was refused because of them, seconds",
    )
    delisting_lead_h: float = Field(
        24.0, ge=0, le=720, description="Time before a contract is delisted from which nothing is entered, hours"
    )
    # -- orders
    quote_silence_ms: int = Field(
        1_000,
        ge=50,
        le=60_000,
        description="Age of the streamed best bid and ask beyond which they are queried before an entry is sent, ms",
    )
    quote_patience_s: float = Field(
        1.0, gt=0, le=30, description="Longest wait for that query, seconds; without an answer nothing is entered"
    )
    countdown_s: float = Field(
        30.0,
        ge=5,
        le=600,
        description=(
            "Time after which the exchange itself cancels all resting orders of a symbol in which an entry rests, unless "
            "this process renews it, seconds; orders that others placed there are cancelled too"
        ),
    )
    trades_per_query: int = Field(500, ge=10, le=1_000, description="Trades requested in one query")
    # -- writing ahead, and publishing
    write_linger_ms: float = Field(
        3.0, ge=0, le=100, description="How long inputs wait for company before they are written to the store, ms"
    )
    snapshot_every: int = Field(500, ge=10, le=100_000, description="Inputs written between two snapshots of the state")
    outbox_messages: int = Field(
        10_000, ge=10, le=1_000_000, description="Messages held in memory for a broker that is away; more go to a file"
    )
    outbox_directory: Path = Field(
        Path("outbox"), description="Directory of that file; it is made when it is needed, and read again at the next start"
    )
    outbox_file_mb: int = Field(
        64, ge=1, le=100_000, description="Largest size of that file, MB; beyond it the oldest messages are dropped"
    )
    # -- the end
    leave_s: float = Field(
        6.0, gt=0, le=10, description="Time in which entries are cancelled when the process stops, seconds"
    )
    flush_s: float = Field(2.0, gt=0, le=10, description="Time after that in which messages and log are written, seconds")
