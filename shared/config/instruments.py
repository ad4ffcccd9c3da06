"""Settings of the trading filters of symbols, for modes sim and paper. In testnet and live the exchange's own hold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.instruments import Instrument

#: The key whose filters hold for every symbol without filters of its own.
ANY_SYMBOL: Final = "default"


class InstrumentSettings(BaseModel):
    """Filters of one symbol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tick_size: Decimal = Field(gt=0, le=1_000_000, description="Step between two prices, USDT")
    step_size: Decimal = Field(gt=0, le=1_000_000, description="Step between two quantities, base currency")
    min_quantity: Decimal = Field(gt=0, le=1_000_000_000, description="Smallest quantity of an order, base currency")
    min_notional: Decimal = Field(ge=0, le=1_000_000_000, description="Smallest value of an order, USDT")

    def of(self, symbol: str) -> Instrument:
        """Return these filters as the Instrument of a symbol."""
        return Instrument(
            symbol=symbol,
            tick_size=self.tick_size,
            step_size=self.step_size,
            min_quantity=self.min_quantity,
            min_notional=self.min_notional,
        )


def _filters(tick_size: str, step_size: str, min_quantity: str, min_notional: str) -> InstrumentSettings:
    return InstrumentSettings(
        tick_size=Decimal(tick_size),
        step_size=Decimal(step_size),
        min_quantity=Decimal(min_quantity),
        min_notional=Decimal(min_notional),
    )


#: Filters of Binance USD-M in 2026. The fallback ``default`` is coarse: where it is wrong, it only rounds more.
DEFAULT_INSTRUMENTS: Final[Mapping[str, InstrumentSettings]] = {
    "BTCUSDT": _filters("0.10", "0.001", "0.001", "100"),
    "ETHUSDT": _filters("0.01", "0.001", "0.001", "20"),
    ANY_SYMBOL: _filters("0.01", "0.001", "0.001", "5"),
}
