"""Every number of the trainings, with its default."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrainingSettings(BaseModel):
    """How recorded gaps are divided and what is learnt from them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unseen: float = Field(0.25, gt=0.0, lt=1.0, description="Share of each file's months kept to judge by: the last.")
    calibration: float = Field(0.2, gt=0.0, lt=1.0, description="Share of the rest that sets probabilities: its end.")
    regularisation: float = Field(1.0, gt=0.0, le=1e6, description="Inverse strength of the penalty on large coefficients.")
    calibration_points: int = Field(24, ge=2, le=1_000, description="Most pairs in the calibration table.")
    least_rows: int = Field(500, ge=10, description="Fewest rows to learn from, to calibrate with and to judge by, each.")

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        if (1.0 - self.unseen) * (1.0 - self.calibration) < 0.1:
            raise ValueError("less than a tenth of the data is left to learn from; lower unseen or calibration")
        return self


class RegimeTraining(BaseModel):
    """How a regime model is fitted and judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unseen: float = Field(0.25, gt=0.0, lt=1.0, description="Share of the candles kept to judge by: the last.")
    seed: int = Field(1, ge=0, le=2**31, description="Seed of the starting points.")
    tries: int = Field(3, ge=0, le=100, description="Starting points of the hidden Markov model beside our own.")
    iterations: int = Field(500, ge=10, le=100_000, description="Most iterations from one starting point.")
    least_share: float = Field(0.02, ge=0.0, lt=0.5, description="Least share of the time that a state stands for.")
    least_returns: int = Field(500, ge=10, description="Fewest returns to fit on and to judge by, each.")
    most_candles: int = Field(100_000, ge=100, le=1_000_000, description="Most candles used, the newest of the range.")
    limit_s: float = Field(600.0, gt=0.0, le=86_400.0, description="Longest time of the fit, seconds.")
