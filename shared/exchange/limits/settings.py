"""Defines the limiter's settings: the share of each limit that an urgency may use, and how long its calls wait."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.incoherent import Incoherent
from shared.exchange.limits.parts import Part
from shared.exchange.limits.windows import Urgency

#: 0.15 + 0.5 + 0.35 need not be exactly 1.
_ROUNDING: Final = 1e-9


class LimiterSettings(BaseModel):
    """Settings of the rate limiter. Shares must not rise from ``protect`` over ``order`` and ``read`` to ``bulk``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protect: float = Field(
        1.0, gt=0, le=1, description="Share of every rate limit that stops, closing orders and cancels may use"
    )
    order: float = Field(0.9, gt=0, le=1, description="Share of every rate limit that entries may use")
    read: float = Field(0.75, gt=0, le=1, description="Share of every rate limit that account and market queries may use")
    bulk: float = Field(0.5, gt=0, le=1, description="Share of every rate limit that backfill and history may use")
    guardian: float = Field(
        0.15,
        gt=0,
        le=1,
        description="Part of the address's request weight that the guardian may use, with or without a store",
    )
    execution: float = Field(
        0.5, gt=0, le=1, description="Part of the address's request weight that execution may use, with or without a store"
    )
    rest: float = Field(
        0.35, gt=0, le=1, description="Part of the address's request weight that all other processes may use together"
    )
    rest_alone: float = Field(
        0.5,
        gt=0,
        le=1,
        description=(
            "Fraction of `rest` that one process may use while the store does not say what the others use; 1 / number of"
            " ingest processes on this address"
        ),
    )
    order_wait_s: float = Field(
        2.0, gt=0, le=60, description="Longest wait of an entry for the rate limits before it is refused (-1015), seconds"
    )
    protect_wait_s: float = Field(
        30.0,
        gt=0,
        le=300,
        description="Longest wait of a stop, closing order or cancel for the rate limits, seconds",
    )
    read_wait_s: float = Field(
        120.0, gt=0, le=3600, description="Longest wait of a query for the rate limits before it fails, seconds"
    )
    store_timeout_s: float = Field(
        0.25,
        gt=0,
        le=10,
        description=("Longest wait for the store that shares the counters, seconds; then this process counts alone"),
    )

    @model_validator(mode="after")
    def _divided(self) -> Self:
        """Raise Incoherent if the parts of the weight are more than the whole."""
        if self.guardian + self.execution + self.rest > 1 + _ROUNDING:
            parts = f"guardian {self.guardian}, execution {self.execution}, rest {self.rest}"
            raise Incoherent({"execution": f"{parts} are more than 1: together they would be banned"})
        return self

    @model_validator(mode="after")
    def _ranked(self) -> Self:
        """Raise Incoherent if the shares rise from ``protect`` to ``bulk``."""
        if not self.bulk <= self.read <= self.order <= self.protect:
            raise Incoherent(
                {
                    "protect": f"protect {self.protect}, order {self.order}, read {self.read}, bulk {self.bulk} "
                    "must not rise: what protects money may use the largest share"
                }
            )
        return self

    def patience(self, urgency: Urgency) -> float:
        """Return how long a call may wait for the limits, seconds."""
        if urgency == "protect":
            return self.protect_wait_s
        return self.order_wait_s if urgency == "order" else self.read_wait_s

    def parts(self) -> dict[Part, float]:
        """Return the part of the weight that each kind of process may use, fractions."""
        return {"guardian": self.guardian, "execution": self.execution, "rest": self.rest}

    def shares(self) -> dict[Urgency, float]:
        """Return the usable share of every limit, by urgency, fractions."""
        return {"protect": self.protect, "order": self.order, "read": self.read, "bulk": self.bulk}
