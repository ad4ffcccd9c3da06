"""Takes intents and commands from the bus: handled as they come, acknowledged once they are written (EXEC-2)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.outbox import Outbox
from services.execution.drivers.exchange.write_ahead import WriteAhead
from shared.bus.port import Bus, BusError, Delivery, InvalidMessage
from shared.domain.intents import VerdictBundle
from shared.domain.message import Message
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from shared.runtime.lane.letters import Letters, require_command

log = structlog.get_logger(__name__)

#: The queue of commands.
COMMANDS: Final = "execution.commands"
_WAIT_S: Final = 1.0


class Receiving:
    """Deliveries of execution's queues."""

    def __init__(self, bus: Bus, loop: MoneyLoop, write_ahead: WriteAhead, outbox: Outbox) -> None:
        self._bus = bus
        self._loop = loop
        self._log = write_ahead
        self._outbox = outbox
        self._letters = Letters(bus, "execution", COMMANDS)
        self._running: dict[asyncio.Task[None], Delivery] = {}

    def receive_command(self, delivery: Delivery) -> None:
        """Handle one delivery of the queue of commands now."""
        try:
            message = delivery.decode()
            require_command(message)
        except InvalidMessage as error:
            self._run(delivery, self._letters.refuse(delivery, str(error), self._loop.now(), unread=True))
            return
        self._handle(delivery, message)

    def receive(self, delivery: Delivery) -> None:
        """Handle one delivery now; its acknowledgement follows."""
        try:
            message = delivery.decode()
        except InvalidMessage as error:
            self._run(delivery, dead_letter_and_alert(self._bus, delivery, "execution", str(error)))
            return
        if not isinstance(message, VerdictBundle):
            self._run(delivery, delivery.ack())  # instruments are read here, and published by us; sessions are mode sim's
            return
        self._handle(delivery, message)

    async def end(self) -> None:
        """Give what is not acknowledged back to the queue, for whoever leads next."""
        unsettled = dict(self._running)
        for task in unsettled:
            task.cancel()
        await asyncio.gather(*unsettled, return_exceptions=True)
        for delivery in reversed([each for task, each in unsettled.items() if task.cancelled()]):
            try:
                await delivery.requeue()  # each goes to the head of the queue: backwards keeps the order
            except BusError as error:
                log.warning("not_given_back", error=str(error))

    def _handle(self, delivery: Delivery, message: Message) -> None:
        handled = self._loop.feed(message)
        if handled.poisoned:
            reason = f"handler failed: {handled.poisoned}"
            self._run(delivery, dead_letter_and_alert(self._bus, delivery, "execution", reason))
            return
        refused = isinstance(message, VerdictBundle) and not handled.requests
        self._run(delivery, self._acknowledge(delivery, handled.number, self._outbox.numbered if refused else None))

    async def _acknowledge(self, delivery: Delivery, number: int, news: int | None) -> None:
        """Acknowledge what the store has. news: number of the news of a refusal, which is as good as kept once the broker
        has it: without the store refusals go on. Before either, a process that is killed or fenced would have taken an
        approved entry away without a word.
        """
        while not await self._log.written(number, _WAIT_S):
            if news is not None and self._outbox.published >= news:
                break
        await delivery.ack()

    def _run(self, delivery: Delivery, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work), name="execution acknowledges")
        self._running[task] = delivery
        task.add_done_callback(lambda done: self._running.pop(done, None))

    @staticmethod
    async def _guarded(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except BusError as error:  # it is delivered again, and was handled once
            log.warning("not_acknowledged", error=str(error))
