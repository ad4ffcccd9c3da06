"""Settings of the account at the exchange, which risk, gateway and simulator read."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.level import BASIC
from shared.exchange.model.account import MarginType


class AccountSettings(BaseModel):
    """Leverage and margin type of every symbol. The gateway sets both at the exchange when it starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    leverage: int = Field(
        10,
        ge=1,
        le=150,
        description="Leverage of every symbol: margin = notional / leverage. The exchange may allow a symbol less",
        json_schema_extra=BASIC,
    )
    margin_type: MarginType = Field(
        "cross",
        description="What a position can lose: cross = the whole wallet, isolated = the margin set aside for it",
        json_schema_extra=BASIC,
    )


#: The defaults.
DEFAULT_ACCOUNT: Final = AccountSettings()
