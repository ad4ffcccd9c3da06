"""Execution at a real exchange: a source that hosts the core, one process an account (EXEC-2, EXEC-3, EXEC-4, EXEC-8).

At the start: what was written is read back, the account is checked, stated and asked for executions, then intents are
taken. From the first moment on the core gets ticks, so that what is held is protected while all that goes on. An
intent is acknowledged once it is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from services.execution.core import ExecutionCore
from services.execution.drivers.exchange.alone import Alone
from services.execution.drivers.exchange.dispatcher import Dispatcher
from services.execution.drivers.exchange.halting import BY
from services.execution.drivers.exchange.leaving import leave
from services.execution.drivers.exchange.listening import LONGEST_PAUSE_S
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.outbox import Outbox
from services.execution.drivers.exchange.preflight import key_fault, refuse
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.drivers.exchange.receiving import COMMANDS, Receiving
from services.execution.drivers.exchange.settings import DriverSettings
from services.execution.drivers.exchange.spill_file import SpillFile
from services.execution.drivers.exchange.wakefulness import Wakefulness
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.inputs import Connected, Input
from services.execution.settings import ExecutionSettings
from shared.bus.port import Bus, Subscription
from shared.config.settings import CommonSettings
from shared.core import Overview
from shared.domain.control import ClockTick, Control
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.domain.message import Message
from shared.exchange.error_codes import TOO_MANY
from shared.exchange.errors import ExchangeError
from shared.exchange.exchange_time import ExchangeTime
from shared.exchange.port import Exchange
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.source import Lease
from shared.runtime.supervision import end_all
from shared.runtime.waiting import wait_at_most
from shared.store.port import Fenced

log = structlog.get_logger(__name__)

QUEUE = "execution"
#: Longest waits for the exchange's clock and then for the user stream, before the account is read, seconds.
_START_PATIENCE_S: Final = 0.5


class ExchangeDriver:
    """A source (``shared.runtime.source``): runs on one replica at a time, until cancelled.

    make: builds the exchange, not started. make_core: builds the core, empty. paged: see ``Alone``.
    """

    def __init__(
        self,
        bus: Bus,
        make: Callable[[], Exchange],
        make_core: Callable[[], ExecutionCore],
        common: CommonSettings,
        settings: ExecutionSettings,
        paged: set[str] | None = None,
    ) -> None:
        self._bus = bus
        self._make = make
        self._make_core = make_core
        self._common = common
        self._settings = settings
        self._driver: DriverSettings = settings.driver
        self._paged = paged if paged is not None else set()
        self._readiness = Readiness()
        self._tasks: list[asyncio.Task[None]] = []
        self._stream_open = asyncio.Event()
        self._shown: Callable[[], Overview] = lambda: {"execution": None}
        self._halt: Callable[[str], None] | None = None

    def trouble(self) -> str:
        """See ``Readiness.trouble``."""
        return self._readiness.trouble()

    def overview(self) -> Overview:
        """Return what the core shows; None before it has taken up its state."""
        return self._shown()

    def halt(self, why: str) -> bool:
        """Stop entries, as the guardian asks over HTTP; False while this process has not taken up its state."""
        if self._halt is None:
            return False
        self._halt(why)
        return True

    async def run(self, lease: Lease) -> None:
        self._leadership = lease.leadership
        if lease.leadership is not None:
            self._spawn("lease", lease.leadership.keep())
        self._exchange = self._make()
        spill = SpillFile(self._driver.outbox_directory, self._common.namespace, self._driver.outbox_file_mb * 1_000_000)
        self._outbox = Outbox(self._bus, spill, self._driver.outbox_messages, self._published)
        self._loop = MoneyLoop(
            self._make_core,
            ExchangeTime(self._exchange.now),
            self._outbox,
            start=lambda request: self._dispatcher.start(request),
            changed=self._changed,
            awake=Wakefulness(self._common.exchange.recv_window_ms / 1000, leads=self._leads),
        )
        self._log = WriteAhead(
            lease,
            self._loop.snapshot,
            snapshot_every=self._driver.snapshot_every,
            linger=self._driver.write_linger_ms / 1000,
        )
        self._dispatcher = Dispatcher(
            self._exchange, self._loop, self._log, self._common, self._settings, self._readiness, lease.leadership
        )
        self._alone = Alone(self._bus, self._common, self._paged, patience=self._driver.flush_s, leadership=lease.leadership)
        try:
            await self._work(lease)
        finally:
            await end_all([*self._tasks, *self._dispatcher.running])
            await self._dispatcher.presence.close()
            self._readiness.stream_down("the process stops")
            self._outbox.close()
            await self._exchange.close()

    # -- life ---------------------------------------------------------------------------------------------------------

    async def _work(self, lease: Lease) -> None:
        known = self._loop.resume(lease.state, lease.log)
        self._shown = lambda: self._loop.core.overview()
        self._loop.written_to(self._log)
        self._log.begin()
        self._dispatcher.halting.begin()
        self._halt = self._dispatcher.halting.halt
        self._loop.feed(Connected(open=False, started=True))
        if not known:
            self._dispatcher.halting.halt(
                "no state of this deployment was found: it is its first start, or its store was emptied. Look at the "
                "account's positions and orders, then run `ict rearm`"
            )
        for name, work in (("write ahead", self._log.run), ("outbox", self._outbox.run), ("ticks", self._tick)):
            self._spawn(name, work())
        receiving: Receiving | None = None
        subscriptions: list[Subscription] = []
        try:
            await self._while_healthy(asyncio.create_task(self._begin(), name="execution begins"))
            receiving = Receiving(self._bus, self._loop, self._log, self._outbox)
            subscriptions.append(await self._bus.subscribe(COMMANDS, receiving.receive_command))
            subscriptions.append(await self._bus.subscribe(QUEUE, receiving.receive))
            await self._while_healthy(asyncio.create_task(asyncio.Event().wait(), name="execution works"))
        except asyncio.CancelledError:
            if self._leadership is None or not self._leadership.lost:
                await leave(self._loop, self._log, self._outbox, self._dispatcher, self._settings)
            raise
        finally:
            await asyncio.gather(*map(self._end, subscriptions))
            if receiving is not None:
                await receiving.end()

    async def _end(self, subscription: Subscription) -> None:
        """End it, in ``flush_s`` at most: a broker that is away gives back by itself what was not acknowledged."""
        ending = asyncio.create_task(subscription.cancel(), name="subscription ends")
        await asyncio.wait({ending}, timeout=self._driver.flush_s)
        if not ending.done():
            ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)

    async def _begin(self) -> None:
        """Hear and read the account, so that what is held is protected; then check key, account, and that nobody else trades
        it. Intents are taken after that.
        """
        holds = bool(self._loop.core.state.plans)
        starting = asyncio.create_task(self._patiently(self._meet), name="exchange starts")
        try:
            await asyncio.wait({starting}, timeout=_START_PATIENCE_S)  # without its clock, ours has to do
            self._spawn("user stream", self._dispatcher.listening.run())
            await wait_at_most(
                self._stream_open, _START_PATIENCE_S
            )  # else what the stream has missed would be read once more
            await self._patiently(self._stated)
            self._spawn("statements", self._dispatcher.account_sync.run())
            await self._dispatcher.catch_up()
            await starting
        finally:
            await end_all([starting])
        await self._patiently(self._check)
        await self._patiently(lambda: self._ensure_alone(holds=holds))
        for name, work in self._dispatcher.work():
            self._spawn(name, work)
        self._readiness.checked()
        log.info("execution_leads", account=self._common.account.name)

    async def _meet(self) -> None:
        """Learn the exchange's limits, and measure its clock. In this order: by lower limits than it has, all that follows
        would be held back where the process that led before has used the minute up.
        """
        try:
            await self._exchange.exchange_info()
        except ExchangeError as error:
            log.warning("rate_limits_not_read", error=str(error))
        await self._exchange.start()

    async def _ensure_alone(self, *, holds: bool) -> None:
        parts = self._dispatcher
        await self._alone.ensure(self._exchange, self._loop, parts.halting, parts.presence, holds=holds)

    async def _check(self) -> None:
        fault = await key_fault(self._exchange)
        if fault:
            await refuse(self._exchange, fault, bool(self._loop.core.state.plans))
            self._dispatcher.halting.halt(fault)
        await self._dispatcher.instruments.begin()

    async def _stated(self) -> None:
        if not await self._dispatcher.account_sync.read():
            raise ExchangeError("retry", 0, "balances or positions could not be read", call="statement")

    async def _patiently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try until it succeeds. A refusal ends the process, unless a position of ours is open; a ban is waited for."""
        stream = self._common.exchange.stream
        pause = stream.backoff_first_s
        while True:
            try:
                await attempt()
            except ExchangeError as error:
                final = error.action in ("refuse", "halt") and error.code not in TOO_MANY
                if final and not self._loop.core.state.plans:
                    raise Leave(Exit.REFUSED, f"execution cannot start: {error}") from error
                log.warning("exchange_away", error=str(error), seconds=pause)
                self._readiness.unanswered(str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                return

    async def _while_healthy(self, task: asyncio.Task[Any]) -> None:
        """Wait for ``task``; raise what ends one of the others before. Fenced comes first: another process leads now."""
        try:
            await asyncio.wait([task, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [each for each in self._tasks if each.done()]
            errors = [each.exception() for each in ended if not each.cancelled()]
            found = [error for error in errors if error is not None]
            for error in sorted(found, key=lambda each: not isinstance(each, Fenced)):
                raise error
            if task.done():
                task.result()
            elif ended:
                raise RuntimeError("a part of the driver ended")
        finally:
            if not task.done():
                await end_all([task])

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=f"execution {name}"))

    # -- inputs -------------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        """Tell the core the time."""
        while True:
            self._loop.feed(ClockTick(time=self._loop.now()))
            await asyncio.sleep(self._driver.tick_ms / 1000)

    def _leads(self) -> bool:
        return self._leadership is None or self._leadership.covers(0)

    def _published(self, number: int) -> None:
        self._loop.published(number)

    def _changed(self, taken: Message | Input) -> None:
        ordered = isinstance(taken, RiskOrder) or (isinstance(taken, VerdictBundle) and taken.order is not None)
        self._dispatcher.halting.look(commanded=ordered or (isinstance(taken, Control) and taken.by != BY))
        self._dispatcher.countdown.look()
        if isinstance(taken, Connected) and taken.open:
            self._stream_open.set()
