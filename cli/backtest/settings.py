"""Defines where backtests keep what the next one can read."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class BacktestSettings(BaseModel):
    """The cache of `ict backtest`: analyses and decisions by content. It changes no result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache: Path = Field(
        Path(".ict/cache"), description="Directory in which analyses and decisions are kept for the next run"
    )
    cache_mb: int = Field(
        2_048,
        ge=0,
        le=10_000_000,
        description="Most that the cache may take, megabytes; what was not read for longest goes first. 0 = keep nothing",
    )
