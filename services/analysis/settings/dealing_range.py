"""Defines the settings of the dealing range and of optimal trade entry in it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept


class DealingRangeSettings(Concept):
    """Settings of the range between the last swing high and low, and of optimal trade entry in it.

    Retracements are fractions of the leg.
    """

    anchors: Literal["wick", "body"] = Field(
        "wick", description="What the range spans: wick = the swings' extremes, body = the bodies of their candles"
    )
    ote_from: float = Field(0.62, gt=0.0, lt=1.0, description="Retracement of the leg at which optimal trade entry begins")
    ote_ideal: float = Field(0.705, gt=0.0, lt=1.0, description="Ideal retracement of optimal trade entry")
    ote_to: float = Field(0.79, gt=0.0, lt=1.0, description="Retracement of the leg at which optimal trade entry ends")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError unless ote_from < ote_to and ote_ideal is between them."""
        if not self.ote_from < self.ote_to or not self.ote_from <= self.ote_ideal <= self.ote_to:
            raise ValueError(
                f"ote_from {self.ote_from}, ote_ideal {self.ote_ideal}, ote_to {self.ote_to} must increase in this order"
            )
        return self
