"""Defines the settings of the filters: whether now is a moment to act on what a strategy sees."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.signals.filters.contract import FilterSettings
from services.signals.filters.cost import CostSettings
from services.signals.filters.order_flow import OrderFlowSettings
from services.signals.filters.sensitivity import SensitivitySettings
from services.signals.filters.time_suitability import TimeSuitabilitySettings
from services.signals.filters.volatility import VolatilitySettings


class FiltersSettings(BaseModel):
    """Settings of the filters, a section each. All are off by default: then every signal passes as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_suitability: TimeSuitabilitySettings = Field(
        default_factory=TimeSuitabilitySettings, description="How well the time of day and week suits an entry"
    )
    volatility: VolatilitySettings = Field(
        default_factory=VolatilitySettings, description="Markets too calm or too wild to enter"
    )
    cost: CostSettings = Field(
        default_factory=CostSettings, description="Fees and slippage against the distance to the stop"
    )
    order_flow: OrderFlowSettings = Field(
        default_factory=OrderFlowSettings, description="Spread, order book and takers against the trade"
    )
    sensitivity: SensitivitySettings = Field(
        default_factory=SensitivitySettings, description="Points that strategies ask for, by kill zone"
    )

    def of(self, name: str) -> FilterSettings:
        """Return the section of this name."""
        section: FilterSettings = getattr(self, name)
        return section

    def sections(self) -> dict[str, FilterSettings]:
        """Return every section by name."""
        return {name: self.of(name) for name in type(self).model_fields}
