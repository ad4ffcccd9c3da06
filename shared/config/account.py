"""Settings of the account at the exchange, which risk, execution and simulator read."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.level import BASIC
from shared.domain.like import Like
from shared.exchange.model.account import MarginType


class AccountSettings(BaseModel):
    """Leverage and margin type of every symbol. Execution sets both at the exchange when it starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Like("main (a to z, 0 to 9, _ and -, at most 40 characters)")] = Field(
        "main",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description=(
            "Name of the account at the exchange; what risk signs for it, no other account's execution takes, and of all "
            "deployments that share a store one leads it: different accounts need different names"
        ),
    )
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
