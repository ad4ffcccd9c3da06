"""Settings of the generated market."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Activity by UTC hour, 1 = average: Asia opens at 0, London at 7, New York at 13; evenings are quiet.
_HOURS = (
    1.0,
    1.0,
    0.9,
    0.8,
    0.8,
    0.8,
    0.9,
    1.1,
    1.2,
    1.1,
    1.0,
    1.0,
    1.1,
    1.5,
    1.7,
    1.6,
    1.4,
    1.2,
    1.1,
    1.0,
    0.9,
    0.8,
    0.8,
    0.9,
)


class GeneratorSettings(BaseModel):
    """Settings of the generated market. The defaults lie between BTCUSDT and ETHUSDT of May and June 2025.

    Measured over 51 days, real BTC / real ETH / generated: standard deviation of a minute 0.051 / 0.104 / 0.067 %, of a day
    1.6 / 4.0 / 2.3-3.3 %; share of 15m candles that leave a gap of 0.1 %: 8 / 11 / 15 %; correlation 0.74 / 0.71.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minute_volatility: float = Field(
        0.0006,
        gt=0.0,
        le=0.02,
        description="Standard deviation of a one-minute return in a calm average hour, as a fraction",
    )
    volatility_reaction: float = Field(
        0.08, ge=0.0, lt=1.0, description="GARCH alpha: how much the last return raises the variance of the next"
    )
    volatility_memory: float = Field(
        0.9, ge=0.0, lt=1.0, description="GARCH beta: how much of the variance stays; with volatility_reaction below 1"
    )
    hours: tuple[float, ...] = Field(
        _HOURS, min_length=24, max_length=24, description="Volatility and volume of each UTC hour, 1 = average"
    )
    correlation: float = Field(
        0.75, ge=0.0, le=1.0, description="Correlation of the one-minute returns of two symbols, apart from jumps"
    )
    regime_hours: float = Field(9.0, gt=0.0, le=1_000.0, description="Mean duration of a trend or a range, in hours")
    range_share: float = Field(
        0.45, ge=0.0, le=1.0, description="Share of regimes that are ranges; the rest trends, half up"
    )
    trend_drift: float = Field(
        0.02, ge=0.0, le=1.0, description="Drift per minute of a trend, in standard deviations of a minute"
    )
    range_pull: float = Field(
        0.004, ge=0.0, lt=1.0, description="Share of the distance to a range's middle that is drawn back per minute"
    )
    impulses_per_day: float = Field(
        10.0, ge=0.0, le=1_000.0, description="Displacement moves per day: fast one-sided runs that leave gaps behind"
    )
    impulse_minutes: float = Field(10.0, ge=1.0, le=1_000.0, description="Mean duration of a displacement move, minutes")
    impulse_drift: float = Field(
        0.5, ge=0.0, le=10.0, description="Drift per minute of a displacement move, standard deviations of a minute"
    )
    impulse_with_trend: float = Field(
        0.75,
        ge=0.0,
        le=1.0,
        description="Share of the impulses of a trend that go with it; in a range both sides are equal",
    )
    jumps_per_day: float = Field(1.0, ge=0.0, le=100.0, description="Sudden jumps per day and symbol")
    jump_size: float = Field(0.004, ge=0.0, le=0.1, description="Standard deviation of a jump, as a fraction of the price")
    largest_move: float = Field(
        0.08, gt=0.0, le=0.3, description="No minute moves farther than this fraction (well under the quality gate's 50 %)"
    )
    band: float = Field(
        20.0, gt=1.5, le=1_000.0, description="The price stays within start price / band and start price x band"
    )
    ticks_in_minute: int = Field(8, ge=2, le=120, description="Trades drawn within a minute, from which high and low follow")
    minute_notional: float = Field(
        12_000_000.0, gt=0.0, le=1e10, description="Average turnover of a minute, in quote currency (USDT)"
    )
    turnover_spread: float = Field(
        0.35,
        ge=0.0,
        le=3.0,
        description="Spread (sigma of the logarithm) of a minute's turnover around the value that follows from its range",
    )
    still_turnover: float = Field(
        0.25, ge=0.0, le=1.0, description="Share of the average turnover in a minute whose price does not move"
    )

    @model_validator(mode="after")
    def _volatility_comes_back(self) -> Self:
        if self.volatility_reaction + self.volatility_memory >= 1.0:
            raise ValueError(
                f"volatility_reaction {self.volatility_reaction} + volatility_memory {self.volatility_memory} is 1 or more: "
                "volatility would only grow; lower one of them"
            )
        return self
