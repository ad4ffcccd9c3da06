"""Hears what services answer to a command: alerts that have its id, on a queue of this process alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from cli.run.broker import plainly_connected
from cli.settings import Settings
from shared.bus.port import InvalidMessage
from shared.bus.rabbitmq import wire
from shared.bus.rabbitmq.objects import exchange_name
from shared.bus.topology import exchange_of
from shared.domain.control import Alert


class Answers:
    """Alerts about one command. taken: source → its answer; refused: the same of refusals. flat: everything is closed.

    faults: why it was refused, in the words of the alerts' keys.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._news = asyncio.Event()
        self.taken: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.faults: set[str] = set()
        self.flat = False

    def hear(self, alert: Alert) -> None:
        """Take an alert that is about the command; pass over any other."""
        if alert.key == f"control.{self._identity}":
            self.taken[alert.source] = alert.text
        elif alert.key == f"control.{self._identity}.flat":
            self.flat = True
        elif alert.key.startswith("command_refused.") and alert.key.endswith(f".{self._identity}"):
            self.refused[alert.source] = alert.text
            self.faults.add(alert.key.split(".")[1])
        self._news.set()

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait at most so long; True once the condition holds."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def listening(settings: Settings, identity: str) -> AsyncIterator[Answers]:
    """Hear the answers to a command from here on; the queue goes with the connection."""
    answers = Answers(identity)

    async def hear(message: AbstractIncomingMessage) -> None:
        try:
            alert = wire.decode(message.type, message.headers, message.body)
        except InvalidMessage:
            return  # whoever wrote it, it is no answer
        if isinstance(alert, Alert):
            answers.hear(alert)

    async with plainly_connected(settings) as connection:
        channel = await connection.channel()
        limits: dict[str, Any] = {"x-max-length": 1_000, "x-overflow": "drop-head"}
        queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments=limits)
        await queue.bind(exchange_name(settings.namespace, exchange_of("alert")), routing_key="alert.#")
        await queue.consume(hear, no_ack=True)
        yield answers
