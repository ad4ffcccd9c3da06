"""The notifier's sink: what the core wants said goes to every channel. Nothing here ever stops trading (OPS-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from services.notifier.channels import Channel, count_failure
from services.notifier.core import NotifierCore
from services.notifier.notification import Notification
from services.notifier.settings import NotifierSettings
from shared.runtime.sink import Received

log = structlog.get_logger(__name__)


class NotifierSink:
    """Feeds one core and its channels. ``write`` never raises: a notification that is lost is counted, not repeated."""

    def __init__(self, channels: Sequence[Channel], settings: NotifierSettings) -> None:
        self._channels = tuple(channels)
        self._core = NotifierCore(settings)

    async def start(self) -> None:
        for channel in self._channels:
            await channel.start()

    async def write(self, received: Sequence[Received]) -> None:
        """Tell what these messages give reason to; returns when every channel has it or has given up on it."""
        notifications = [notification for each in received for notification in self._core.handle(each.message, each.now)]
        await asyncio.gather(*(self._tell(channel, notifications) for channel in self._channels))

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    @staticmethod
    async def _tell(channel: Channel, notifications: Sequence[Notification]) -> None:
        """In order within a channel; a slow or broken channel holds up no other."""
        for notification in notifications:
            try:
                await channel.send(notification)
            except Exception as error:  # noqa: BLE001  a channel's bug must reach neither trading nor the other channels
                count_failure(channel.name)
                log.warning("channel_failed", channel=channel.name, key=notification.key, error=type(error).__name__)
