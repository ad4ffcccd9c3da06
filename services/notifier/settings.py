"""Every number of the notifier, with its default."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.channels import WebhookPolicy
from shared.domain.control import Severity


class NotifierSettings(BaseModel):
    """Who is told what, and how often. Times in ms are message time: in a replay they pass as fast as the market."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_severity: Severity = Field("info", description="The least severity that is told; trades are info")
    dedupe_window_ms: int = Field(
        900_000, ge=0, le=86_400_000, description="A condition that was told is not told again for this long, ms"
    )
    remembered: int = Field(2_000, ge=1, le=100_000, description="Conditions remembered at once; the oldest is forgotten")
    burst: int = Field(20, ge=1, le=1_000, description="Notifications at once, at most")
    reserved_for_critical: int = Field(10, ge=0, le=999, description="Of the burst, kept for critical ones")
    per_minute: float = Field(10.0, gt=0, le=6_000, description="Notifications a minute, in the long run")
    webhook_url: SecretStr | None = Field(
        None, description="http(s) address that gets each notification as JSON; null = none"
    )
    webhook_timeout: float = Field(5.0, gt=0, le=60, description="Wait for the webhook's answer, seconds")
    webhook_attempts: int = Field(3, ge=1, le=10, description="Tries of one notification")
    webhook_pause: float = Field(0.5, ge=0, le=60, description="Seconds before the second try; doubled for each further one")
    webhook_longest_pause: float = Field(5.0, ge=0, le=60, description="Longest pause between two tries, seconds")
    breaker_failures: int = Field(5, ge=1, le=1_000, description="Notifications lost in a row that open the breaker")
    breaker_seconds: float = Field(
        60.0, gt=0, le=86_400, description="The open breaker drops everything for this long, seconds"
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("webhook_url must begin with http:// or https://")
        return url

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.reserved_for_critical >= self.burst:
            raise ValueError("reserved_for_critical must be below burst: otherwise nothing but critical ones is ever told")
        return self

    @property
    def webhook_policy(self) -> WebhookPolicy:
        """How the webhook is tried, as configured."""
        return WebhookPolicy(
            attempts=self.webhook_attempts,
            pause=self.webhook_pause,
            longest_pause=self.webhook_longest_pause,
            breaker_failures=self.breaker_failures,
            breaker_seconds=self.breaker_seconds,
        )
