"""Settings of the tape: how candles become trades, quotes and an order book."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TapeSettings(BaseModel):
    """How candles are split into trades, quotes and an order book, and how much history is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trades_per_minute: int = Field(120, ge=4, le=6_000, description="Most trades that a one-minute candle is split into")
    noise: float = Field(
        0.06, ge=0.0, le=1.0, description="Deviation of a minute's trades from its path, share of its range"
    )
    size_spread: float = Field(
        1.2, ge=0.0, le=5.0, description="Spread of the sizes of a minute's trades (sigma of the logarithm)"
    )
    usual_order: float = Field(
        0.75,
        ge=0.0,
        le=1.0,
        description="Share of rising minutes that visit their low first, and of falling ones their high",
    )
    spread_ticks: int = Field(1, ge=1, le=1_000, description="Distance between best bid and best ask, ticks")
    level_notional: float = Field(
        40_000.0, gt=0.0, le=1e9, description="Mean value of the orders at one price of the book, USDT"
    )
    level_life_ms: int = Field(
        4_000, ge=100, le=3_600_000, description="Mean time after which the quantity at a price of the book changes, ms"
    )
    near_ticks: int = Field(
        20, ge=1, le=1_000, description="Distance from the best price within which every tick of the book has a level, ticks"
    )
    middle_ticks: int = Field(
        400, ge=1, le=100_000, description="Distance from the best price within which every tenth tick has a level, ticks"
    )
    far_ticks: int = Field(
        10_000,
        ge=1,
        le=10_000_000,
        description="Distance from the best price within which every hundredth tick has a level, ticks",
    )
    index_pull: float = Field(
        0.2, gt=0.0, le=1.0, description="Share of its distance to the middle price that the index moves in a second"
    )
    index_jump: float = Field(
        0.002,
        gt=0.0,
        le=1.0,
        description="Gap between two minutes beyond which index and mark price follow the price at once, fraction",
    )
    premium: float = Field(0.0001, ge=0.0, le=0.01, description="Largest distance between mark and index price, fraction")
    premium_period_s: int = Field(3_600, ge=1, le=604_800, description="Period in which the premium swings once, seconds")
    history_minutes: int = Field(
        1_500, ge=0, le=5_256_000, description="One-minute candles before the start that klines can be asked for"
    )
    klines_kept: int = Field(20_000, ge=1_500, le=10_000_000, description="Closed klines kept for each symbol and interval")
    trades_kept: int = Field(1_000, ge=100, le=1_000_000, description="Latest trades kept for each symbol")
