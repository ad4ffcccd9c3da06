"""Hears what the deployment tells people, and answers as a person does: after a halt it re-arms."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Final

from cli.chaos.exchange import SimulatedExchange
from shared.approval.commands import sign
from shared.approval.signing import Signer
from shared.bus.port import Delivery
from shared.bus.rabbitmq.bus import RabbitBus
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.control import Alert, Command, Control

#: How long a person looks before he re-arms, seconds.
_LOOKS_S: Final = 1.5
#: How long he waits for the answer before he sends another command, seconds.
_ANSWER_S: Final = 8.0
_STOPPED: Final = ("HALTED", "FLATTEN", "DAY_HALT")


class Ears:
    """Reads queue ``notifier``, in place of that service.

    alerts: gets each with the time at which it was heard; commands: when the drill sent one. UTC ms.

    Execution counts as halted from the word of a halt that is younger than its last re-arming; what it says meanwhile a
    re-arming is under way counts when the answer to that is known.
    """

    def __init__(self, bus: RabbitBus, signer: Signer, exchange: SimulatedExchange, alerts: list[tuple[int, Alert]]) -> None:
        self._bus, self._signer, self._exchange = bus, signer, exchange
        self.alerts = alerts
        self.commands: list[int] = []
        self.statement: AccountStatement | None = None
        self.report: RiskReport | None = None
        self.answers: dict[str, set[str]] = {}
        self._halted_at = 0
        self._armed_at = 0
        self._told = False
        self._pending = ""
        self._wanted = asyncio.Event()
        self._may = asyncio.Event()
        self._may.set()
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None
        self.halts = 0

    async def start(self) -> None:
        """Listen."""
        await self._bus.subscribe("notifier", self._hear)

    async def close(self) -> None:
        """Stop listening."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def want_rearming(self) -> None:
        """Ask the person to re-arm soon, also after a halt of the drill's own."""
        self._may.set()
        self._wanted.set()

    async def answer_halts(self) -> None:
        """Re-arm after every halt, until cancelled. Raises what went wrong with a message: a halt may be missing then."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(_LOOKS_S)
            await self._may.wait()
            if self._error is not None:
                raise self._error
            self._wanted.clear()
            await self.rearm()

    async def rearm(self) -> bool:
        """Re-arm once; False if execution or risk does not answer."""
        identity = uuid.uuid4().hex
        self._pending = identity
        self._told = False
        await self._exchange.note("rearming")
        return await self._command("rearm", identity, {"execution", "risk"})

    async def halt(self) -> bool:
        """`ict pause`, until ``want_rearming``: True when execution and risk have said that they obey."""
        self._may.clear()
        return await self._command("halt", uuid.uuid4().hex, {"execution", "risk"})

    async def _command(self, command: Command, identity: str, who: set[str]) -> bool:
        now = time.time_ns() // 1_000_000
        self.commands.append(now)
        control = Control(id=identity, command=command, by="chaos", reason="a drill", sent_at=now)
        publishing = asyncio.create_task(self._bus.publish([sign(control, self._signer)]))
        try:
            async with asyncio.timeout(_ANSWER_S):
                while not who <= self.answers.get(identity, set()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._wanted.set()  # whatever became of it: a re-arming does no harm
            return False
        finally:
            if self._pending == identity:
                self._pending = ""
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        return True

    def _hear(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._take(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._heard)

    def _heard(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = self._error or error
            self._wanted.set()

    async def _take(self, delivery: Delivery) -> None:
        message = delivery.decode()
        if isinstance(message, AccountStatement):
            if self.statement is None or message.time >= self.statement.time:
                self.statement = message
        elif isinstance(message, RiskReport):
            if self.report is None or message.time >= self.report.time:
                self.report = message
            if message.kill_switch in _STOPPED:
                self._wanted.set()
        elif isinstance(message, Alert):
            self._alert(message)
        await delivery.ack()
        await self._note_halt()
        self._news.set()

    def _alert(self, alert: Alert) -> None:
        self.alerts.append((time.time_ns() // 1_000_000, alert))
        if alert.key.startswith("control."):
            identity = alert.key.split(".")[1]
            self.answers.setdefault(identity, set()).add(alert.source)
            if alert.source == "execution" and "rearm by" in alert.text and "stay halted" not in alert.text:
                self._armed_at = max(self._armed_at, alert.time)
            elif alert.source == "execution" and alert.text.startswith("halt by"):
                self._halted_at = max(self._halted_at, alert.time)
                self._wanted.set()
        elif alert.source == "execution" and alert.key.startswith("halt."):
            self._halted_at = max(self._halted_at, alert.time)
            self._wanted.set()
        elif "re-arm" in alert.text or "rearm" in alert.text:
            self._wanted.set()

    async def _note_halt(self) -> None:
        if self._told or self._pending or self._halted_at <= self._armed_at:
            return
        self._told = True
        self.halts += 1
        await self._exchange.note("halted")
