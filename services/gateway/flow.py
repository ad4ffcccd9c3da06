"""The gateway's shell: requests from the broker to the exchange, news from the exchange to the broker, nothing twice.

For each ``ExchangeRequests``: the core says what to do; what will be sent is saved first (a save that is Fenced means that
another replica is the hand now: nothing leaves); the outcome protocol closes every outcome; the answer is published; only
then the request is acked. Killed anywhere, the request comes again, its ids are known, and they are asked about, not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import Gauge

from services.gateway.acts import by_symbol
from services.gateway.condition import Condition
from services.gateway.core import GatewayCore
from services.gateway.hand import Hand
from services.gateway.settings import GatewaySettings
from services.gateway.start import check_key
from services.gateway.statement import fund, refresh
from services.gateway.watch import Watch
from shared.bus.port import Bus, Delivery, InvalidMessage
from shared.config.settings import CommonSettings
from shared.domain.control import Alert, Control
from shared.domain.exchange import ExchangeRequests
from shared.domain.ids import derive
from shared.domain.message import Message
from shared.exchange.errors import ExchangeError
from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import ConfigUpdate
from shared.exchange.port import TradingExchange
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.source import Lease
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)

_QUEUE: Final = "exchange"
_PENDING: Final = Gauge("ict_gateway_requests_in_hand", "Requests taken from the broker and not answered")


class GatewayFlow:
    """A source (``shared.runtime.source``): runs on one replica at a time, until cancelled. ``make``: a venue, unstarted."""

    def __init__(
        self, bus: Bus, make: Callable[[], TradingExchange], common: CommonSettings, settings: GatewaySettings
    ) -> None:
        self._bus = bus
        self._make = make
        self._common = common
        self._settings = settings
        self._core = GatewayCore(settings, common.exchange.recv_window_ms)
        self._condition = Condition()
        self._wake = asyncio.Event()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] | None = None

    def trouble(self) -> str:
        """See ``Condition.trouble``."""
        return self._condition.trouble()

    async def run(self, lease: Lease) -> None:
        self._lease = lease
        if lease.state is not None:
            self._core.restore(lease.state)
            self._show_halt()
        self._broken = asyncio.get_running_loop().create_future()
        self._exchange = self._make()
        self._watch = Watch(self._exchange, self._bus, self._common, self._settings)
        self._hand = Hand(
            self._exchange,
            self._core,
            self._common.exchange,
            self._settings.resends,
            save=self._save,
            alert=self._alert,
            halt=self._halt,
            refused=self._watch.refused,
        )
        try:
            await self._begin()
            await self._work()
        finally:
            self._condition.stream_down("the gateway stops")
            await self._exchange.close()

    # -- life ---------------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Connect, check, set up: again and again while the venue is away; a refusal ends the process."""
        pause = self._common.exchange.stream.backoff_first_s
        while True:
            try:
                await self._exchange.start()
                await check_key(self._exchange)
                await self._watch.begin()
                await self._refresh()
            except ExchangeError as error:
                if error.action in ("refuse", "halt"):
                    raise Leave(Exit.REFUSED, f"the gateway cannot start: {error}") from error
                log.warning("the exchange is away; trying again", error=str(error), seconds=pause)
                self._condition.unanswered(str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._common.exchange.stream.backoff_longest_s)
            else:
                return

    async def _work(self) -> None:
        assert self._broken is not None
        tasks = [
            asyncio.create_task(self._listen(), name="gateway user stream"),
            asyncio.create_task(self._tell(), name="gateway news"),
            asyncio.create_task(self._watch.run(), name="gateway watch"),
        ]
        subscription = await self._bus.subscribe(_QUEUE, self._receive)
        try:
            done, _ = await asyncio.wait([*tasks, self._broken], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await subscription.cancel()
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=self._settings.drain_s)
            left = [*tasks, *self._in_hand]
            for task in left:
                task.cancel()  # what was not finished is not acked: the next process asks what became of it
            await asyncio.gather(*left, return_exceptions=True)

    # -- requests -----------------------------------------------------------------------------------------------------

    def _receive(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._handle(delivery), name="gateway request")
        self._in_hand.add(task)
        _PENDING.set(len(self._in_hand))
        task.add_done_callback(self._handled)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        _PENDING.set(len(self._in_hand))
        error = None if task.cancelled() else task.exception()
        if error is not None and self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _handle(self, delivery: Delivery) -> None:
        try:
            message = delivery.decode()
        except InvalidMessage as error:
            await dead_letter_and_alert(self._bus, delivery, "gateway", str(error))
            return
        if isinstance(message, ExchangeRequests):
            groups = by_symbol(message.requests)
            await asyncio.gather(*(self._hand.symbol(symbol, requests) for symbol, requests in groups.items()))
            await self._bus.publish([self._core.answer(message, self._exchange.now())])
            self._core.answered(self._exchange.now())
            self._wake.set()
        elif isinstance(message, Control):
            await self._obey(message)
        await delivery.ack()

    async def _obey(self, control: Control) -> None:
        """A halt also holds for entries that wait behind it; only a person re-arms."""
        if control.command == "halt":
            self._core.halt(0, f"{control.by}: {control.reason}")
        elif control.command == "rearm":
            self._core.rearm()
        self._show_halt()
        await self._save()

    def _halt(self, code: int, sentence: str, said: str) -> None:
        """The venue says that a person must act: no entry is sent from here on, and risk and execution halt too.

        Protection, closing orders and cancels go on. Said once; a person re-arms when it is mended.
        """
        text = f"{sentence} ({code} {said})"
        if not self._core.halt(code, text):
            return
        now = self._exchange.now()
        log.error("entries_halted", code=code, said=said, sentence=sentence)
        self._show_halt()
        halt_id = derive("gateway", "halt", code, now)
        self._publish(Control(id=halt_id, command="halt", by="gateway", reason=text))
        self._alert(f"halt.{code}", f"entries are halted: {text}", now)

    def _show_halt(self) -> None:
        halted = self._core.state.halted
        self._condition.halted(halted.why if halted is not None else "")

    # -- news ---------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """The user stream, opened anew whenever it ends; what happened in between is asked for by REST."""
        policy = self._common.exchange.stream
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                async with self._exchange.user_stream() as stream:
                    self._condition.stream_open()
                    self._core.want_refresh()
                    self._watch.look()
                    self._wake.set()
                    pause = 0.0
                    async for event in stream:
                        self._core.hear(event, self._exchange.now())
                        if isinstance(event, ConfigUpdate):
                            self._watch.look()
                        if not getattr(event, "readable", True):
                            self._core.want_refresh()
                        self._wake.set()
            except StreamLost as lost:
                cause = lost.__cause__
                if isinstance(cause, ExchangeError) and cause.action == "halt":
                    self._halt(cause.code, cause.sentence, cause.message)
                self._condition.stream_down(f"{lost.reason}: {lost}")
                log.warning("user stream lost", reason=lost.reason, text=str(lost), seconds=pause)
                if lost.reason == "refused":
                    pause = min(max(pause * 2, policy.backoff_first_s), policy.backoff_longest_s)

    async def _tell(self) -> None:
        """Publish what is due; ask the exchange when news do not add up, and regularly."""
        while True:
            now = self._exchange.now()
            due = self._core.due(now)
            if due == "nothing" and not self._core.funding_wanted:
                self._wake.clear()
                await wait_at_most(self._wake, self._core.next_due(now) / 1000)
                continue
            try:
                if due == "refresh":
                    await self._refresh()
                if self._core.funding_wanted:
                    await fund(self._exchange, self._core)
            except ExchangeError as error:
                if error.action == "halt":
                    self._halt(error.code, error.sentence, error.message)
                self._condition.unanswered(str(error))
                log.warning("the account could not be asked for; trying again", error=str(error))
                await asyncio.sleep(self._common.exchange.retry_longest_s)
                continue
            if self._core.due(self._exchange.now()) == "publish":
                news = self._core.news(self._exchange.now())
                for asset in self._core.fees.not_counted(news.fills):
                    text = f"a fee was paid in {asset}, which has no price in USDT: results leave such fees out"
                    self._alert(f"fee_asset.{asset}", text, news.time)
                await self._bus.publish([news])
                await self._save()

    async def _refresh(self) -> None:
        """The whole account by REST; from here on it is known. Raises ExchangeError."""
        await refresh(self._exchange, self._core, self._common.symbols, self._settings)
        self._condition.answered()

    async def _save(self) -> None:
        await self._lease.save(self._core.snapshot())

    def _alert(self, key: str, text: str, now: int) -> None:
        self._publish(Alert(severity="critical", source="gateway", key=key, text=text, time=now))

    def _publish(self, message: Message) -> None:
        task = asyncio.create_task(self._bus.publish([message]), name=f"gateway {message.TYPE}")
        self._in_hand.add(task)
        task.add_done_callback(self._handled)
