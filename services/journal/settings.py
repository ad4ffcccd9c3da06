"""Every number of the journal, with its default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class JournalSettings(BaseModel):
    """Where everything is recorded, and in what portions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "sqlite+aiosqlite:///.ict/journal.sqlite",
        description="database: sqlite:///path or postgresql://user:password@host/name (environment: DATABASE_URL)",
    )
    max_batch: int = Field(3_000, ge=1, le=10_000, description="Messages in one transaction, at most")
    linger_seconds: float = Field(0.2, ge=0, le=10, description="Wait for a fuller transaction, seconds")
    rows_per_statement: int = Field(
        2_000,
        ge=1,
        le=100_000,
        description="Rows handed to the database at once; between portions the event loop serves others",
    )
