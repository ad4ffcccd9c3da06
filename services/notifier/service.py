"""Wiring of the notifier: one sink, its channels by configuration."""

from __future__ import annotations

from services.notifier.channels import Channel, LogChannel
from services.notifier.settings import NotifierSettings
from services.notifier.sink import NotifierSink
from shared.config.settings import CommonSettings
from shared.runtime.service import ServiceSpec
from shared.runtime.sink import SinkSpec


def spec(common: CommonSettings, settings: NotifierSettings) -> ServiceSpec:
    """The notifier's sink with the log and, where configured, the webhook."""

    def build() -> NotifierSink:
        channels: list[Channel] = [LogChannel()]
        if settings.webhook_url is not None:
            from services.notifier.webhook import WebhookChannel  # an HTTP client is loaded where it is wanted

            url = settings.webhook_url.get_secret_value()
            channels.append(WebhookChannel(url, settings.webhook_timeout, settings.webhook_policy))
        return NotifierSink(channels, settings)

    return ServiceSpec(name="notifier", group="notifier", sinks=(SinkSpec("notifier", "notifier", build),))
