"""Defines the settings of regimes: which models, when a change of regime counts, and who may trade in which."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.signals.regimes.model import Regime, RegimeModel, load_model
from shared.domain.incoherent import Incoherent

Weight = Annotated[float, Field(gt=0.0, le=10.0)]


class RegimeSettings(BaseModel):
    """Settings of regimes. Without routes every strategy trades in every regime, as if there were none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[Path, ...] = Field(
        (),
        max_length=256,
        description="Models of `ict train regimes`, at most one a symbol; each states symbol and timeframe",
    )
    routes: dict[str, dict[Regime, Weight]] = Field(
        default_factory=dict,
        description=(
            "By strategy, the regimes (calm, normal, volatile) in which it may trade, each with the factor of its score; a "
            "strategy without a route trades in all"
        ),
    )
    confirm_candles: int = Field(
        3, ge=1, le=1_000, description="Candles that another regime must lead without a break before it counts"
    )
    confirm_probability: float = Field(
        0.95, gt=0.5, le=1.0, description="Probability at which another regime counts at once; 1 = only when it is certain"
    )
    warmup_candles: int = Field(
        50, ge=1, le=10_000, description="Returns seen before a regime is known, after a start or a gap of 500 candles"
    )

    @field_validator("models")
    @classmethod
    def _are_models(cls, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        """Raise UnusableModel, a ValueError, for a file that is absent, old, altered or no model; and for two alike."""
        files: dict[str, Path] = {}
        for path in paths:
            symbol = load_model(path).symbol
            if symbol in files:
                raise ValueError(f"{files[symbol]} and {path} are both models of {symbol}: name one of them")
            files[symbol] = path
        return paths

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise Incoherent for a route that no market could open."""
        if self.routes and not self.models:
            raise Incoherent({"models": "routes need to know the regime: name the models of `ict train regimes` here"})
        for strategy, route in self.routes.items():
            if not route:
                raise Incoherent({f"routes.{strategy}": "names no regime, so that it never trades: pause it instead"})
            for model in self.loaded().values():
                if not route.keys() & set(model.names):
                    text = f"names no regime of the model of {model.symbol}, which knows {', '.join(model.names)}"
                    raise Incoherent({f"routes.{strategy}": text})
        return self

    def loaded(self) -> dict[str, RegimeModel]:
        """Return the models by symbol. Raises UnusableModel for a file that changed for the worse since it was named."""
        return {model.symbol: model for model in map(load_model, self.models)}
