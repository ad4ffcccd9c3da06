"""Defines the settings of the notifier: which notifications are sent, how often, and to which webhook."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.channels import WebhookPolicy
from shared.domain.control import Severity
from shared.domain.level import BASIC


class NotifierSettings(BaseModel):
    """Which notifications are sent, how often and where. In a replay times in ms pass as fast as the market."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_severity: Severity = Field(
        "info", description="Least severe notification that is sent; trades are info", json_schema_extra=BASIC
    )
    dedupe_window_ms: int = Field(
        900_000,
        ge=0,
        le=86_400_000,
        description="Time for which a condition is not notified again, ms; 0 = every time",
    )
    remembered: int = Field(
        2_000, ge=1, le=100_000, description="Conditions remembered at once; the oldest is forgotten first"
    )
    burst: int = Field(20, ge=1, le=1_000, description="Most notifications at once")
    reserved_for_critical: int = Field(
        10, ge=0, le=999, description="Part of the burst that is kept for critical notifications"
    )
    per_minute: float = Field(10.0, gt=0, le=6_000, description="Most notifications a minute in the long run")
    webhook_url: SecretStr | None = Field(
        None, description="Address that gets each notification as JSON, http or https; null = none", json_schema_extra=BASIC
    )
    webhook_timeout: float = Field(5.0, gt=0, le=60, description="Longest wait for the webhook's answer, seconds")
    webhook_attempts: int = Field(3, ge=1, le=10, description="Times that a notification is tried")
    webhook_pause: float = Field(
        0.5, ge=0, le=60, description="Pause before the second try, seconds; doubled for each further one"
    )
    webhook_longest_pause: float = Field(5.0, ge=0, le=60, description="Longest pause between two tries, seconds")
    breaker_failures: int = Field(
        5, ge=1, le=1_000, description="Notifications lost in a row after which the webhook is given up for a while"
    )
    breaker_seconds: float = Field(
        60.0, gt=0, le=86_400, description="How long a webhook is given up, seconds; everything is dropped meanwhile"
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        """Raise ValueError unless the address begins with http:// or https://."""
        if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        """Raise ValueError if no notification other than critical ones could ever be sent."""
        if self.reserved_for_critical >= self.burst:
            raise ValueError(
                f"reserved_for_critical {self.reserved_for_critical} is not below burst {self.burst}: nothing else would "
                "ever be sent; lower the first or raise the second"
            )
        return self

    @property
    def webhook_policy(self) -> WebhookPolicy:
        """Return the webhook's attempts, pauses and circuit breaker."""
        return WebhookPolicy(
            attempts=self.webhook_attempts,
            pause=self.webhook_pause,
            longest_pause=self.webhook_longest_pause,
            breaker_failures=self.breaker_failures,
            breaker_seconds=self.breaker_seconds,
        )
