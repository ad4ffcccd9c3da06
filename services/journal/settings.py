"""Defines the settings of the journal: the database and the size of its transactions."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.domain.level import BASIC


class JournalSettings(BaseModel):
    """Settings of the journal: the database and the size of its transactions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "sqlite+aiosqlite:///.ict/journal.sqlite",
        description="Database: sqlite:///path or postgresql://user:password@host/name. DATABASE_URL sets it too",
        json_schema_extra=BASIC,
    )
    max_batch: int = Field(3_000, ge=1, le=10_000, description="Most messages in one transaction")
    linger_seconds: float = Field(0.2, ge=0, le=10, description="Wait for a fuller transaction, seconds")
    rows_per_statement: int = Field(
        2_000,
        ge=1,
        le=100_000,
        description="Rows handed to the database at once; other tasks run between portions",
    )

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, url: str) -> str:
        """Raise ValueError if ``url`` names no database that the journal can use."""
        # Imported here because SQLAlchemy is slow to import: settings that keep the default address do without it.
        from services.journal.database import database_url

        database_url(url)
        return url
