"""Every number of the tape, with its default and its bounds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TapeSettings(BaseModel):
    """How candles become trades, quotes and a book, and how much history is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trades_per_minute: int = Field(
        120, ge=4, le=6_000, description="most trades that a one-minute candle is taken apart into"
    )
    noise: float = Field(
        0.06, ge=0.0, le=1.0, description="wobble of the trades of a minute around its path, as a share of its range"
    )
    size_spread: float = Field(
        1.2, ge=0.0, le=5.0, description="spread (sigma of the logarithm) of the sizes of a minute's trades"
    )
    usual_order: float = Field(
        0.75, ge=0.0, le=1.0, description="share of rising minutes that visit their low first, and of falling their high"
    )
    spread_ticks: int = Field(1, ge=1, le=1_000, description="distance between best bid and best ask, in ticks")
    level_notional: float = Field(
        40_000.0, gt=0.0, le=1e9, description="mean value of what stands at one price of the book, USDT"
    )
    level_life_ms: int = Field(
        4_000, ge=100, le=3_600_000, description="mean time after which the quantity at a price of the book changes, ms"
    )
    near_ticks: int = Field(20, ge=1, le=1_000, description="book: every tick within so many of the best has a level")
    middle_ticks: int = Field(400, ge=1, le=100_000, description="book: every tenth tick within so many has a level")
    far_ticks: int = Field(10_000, ge=1, le=10_000_000, description="book: every hundredth tick within so many has a level")
    index_pull: float = Field(
        0.2, gt=0.0, le=1.0, description="share of its distance to the middle price that the index moves in a second"
    )
    premium: float = Field(
        0.0001, ge=0.0, le=0.01, description="largest distance between mark and index price, as a fraction"
    )
    premium_period_s: int = Field(3_600, ge=1, le=604_800, description="the premium swings once in so many seconds")
    history_minutes: int = Field(
        1_500, ge=0, le=5_256_000, description="one-minute candles before the start that klines can be asked for"
    )
    klines_kept: int = Field(20_000, ge=1_500, le=10_000_000, description="closed klines kept a symbol and interval")
    trades_kept: int = Field(1_000, ge=100, le=1_000_000, description="latest trades kept a symbol")
