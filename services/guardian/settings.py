"""Defines the settings of the guardian: its key, when and how it acts, and whom it tells."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from shared.domain.like import Like
from shared.domain.symbols import SYMBOL_PATTERN


class GuardianSettings(BaseModel):
    """The guardian (`ict run guardian`), a process beside everything that places a stop where none stands.

    Set ``key``, ``secret``, ``halt_secret`` and the addresses by environment variable or secret file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: SecretStr = Field(
        SecretStr(""), description="API key of the guardian, another one than execution's, for the same account"
    )
    secret: SecretStr = Field(SecretStr(""), description="Secret of that key (HMAC)")
    webhook_url: SecretStr | None = Field(
        None, description="Address that gets each of the guardian's alarms as JSON, http or https; null = none"
    )
    heartbeat_url: SecretStr | None = Field(
        None,
        description="Address outside that is asked (GET) while the account can be read, and pages when not; null = none",
    )
    heartbeat_every_s: float = Field(30.0, ge=1, le=3600, description="Time between two such requests, seconds")
    halt_urls: tuple[Annotated[str, Field(pattern=r"^https?://[^/]+$"), Like("http://execution:9100")], ...] = Field(
        (), description="Addresses of execution's processes, which are asked to stop entries when the guardian acts"
    )
    halt_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret that signs this request; guardian and execution have the same one. Empty = execution takes none",
    )
    act_after_ms: int = Field(
        2_000, ge=500, le=30_000, description="Time without a stop after which the guardian places one, ms"
    )
    read_every_ms: int = Field(2_000, ge=1_000, le=30_000, description="Time between two readings of the positions, ms")
    lag_ms: int = Field(
        6_000,
        ge=1_000,
        le=60_000,
        description="Longest lag of the exchange's readings that is reckoned with, ms; nothing is closed sooner",
    )
    distance: float = Field(
        0.02, gt=0, le=0.5, description="Distance of the guardian's stop from the mark price, fraction of the price"
    )
    liquidation_share: float = Field(
        0.7, gt=0, lt=1, description="Farthest place of that stop on the way to the liquidation price, fraction of the way"
    )
    retry_first_ms: int = Field(250, ge=50, le=10_000, description="Pause before a refused stop is tried again, ms; doubled")
    retry_longest_ms: int = Field(5_000, ge=100, le=60_000, description="Longest pause between two tries, ms")
    weight_per_minute: int = Field(
        300, ge=250, le=2_400, description="Most request weight that the guardian uses in a minute"
    )
    leave: tuple[Annotated[str, Field(pattern=SYMBOL_PATTERN), Like("BTCUSDT")], ...] = Field(
        (), description="Symbols whose positions the guardian leaves alone"
    )

    @field_validator("webhook_url", "heartbeat_url")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        """Raise ValueError unless the address begins with http:// or https://."""
        if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @property
    def has_key(self) -> bool:
        """True if both key and secret are set, so that requests can be signed."""
        return bool(self.key.get_secret_value() and self.secret.get_secret_value())
