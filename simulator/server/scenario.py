"""A scenario: a YAML file that sets faults and prices at given times of the market's clock.

::

    steps:
      - at_s: 30
        fault: {kind: silent_streams, stream: "*@kline_1m", lasts_ms: 20000}
      - at_s: 90
        price: {symbol: BTCUSDT, price: 90000}
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simulator.server.faults import Fault, why_refused


class PriceStep(BaseModel):
    """Sets the best bid to ``price`` (USDT). All later prices of the source are multiplied by the same factor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    symbol: str = Field(min_length=1)
    price: Decimal = Field(gt=0)


class Step(BaseModel):
    """One step: sets a fault or a price, exactly one of them. ``at_s``: market seconds after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_s: float = Field(ge=0)
    fault: Fault | None = None
    price: PriceStep | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.fault is None) == (self.price is None):
            raise ValueError(f"the step at {self.at_s} s needs either a fault or a price")
        return self


class Scenario(BaseModel):
    """The steps of a scenario, in any order; they are carried out in order of time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = ()

    def in_order(self) -> list[Step]:
        """Return the steps, earliest first."""
        return sorted(self.steps, key=lambda step: step.at_s)


class BadScenario(Exception):
    """Raised for a scenario file that cannot be used; the text says where and why."""


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a YAML file. Raises BadScenario."""
    data: object = None
    try:
        data = yaml.safe_load(path.read_text()) or {}
        return Scenario.model_validate(data)
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}; give the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise BadScenario(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        raise BadScenario(f"{path}: {why_refused(error, data)}") from error
