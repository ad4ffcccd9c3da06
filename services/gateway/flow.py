"""The gateway's shell: requests from the broker to the exchange, news from the exchange to the broker, nothing twice.

For each ``ExchangeRequests``: the core says what to do; what will be sent is saved first (a save that is Fenced means that
another replica is the hand now: nothing leaves); the outcome protocol closes every outcome; the answer is published; only
then the request is acked. Killed anywhere, the request comes again, its ids are known, and they are asked about, not sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from services.gateway.acts import Ask, Cancel, Find, Search, Send, by_symbol
from services.gateway.condition import Condition
from services.gateway.core import GatewayCore
from services.gateway.inquiry import inquire, mark_of, search
from services.gateway.settings import GatewaySettings
from services.gateway.start import check_account, filters_apart, set_up
from shared.bus.port import Bus, Delivery, InvalidMessage
from shared.domain.control import Alert
from shared.domain.exchange import CancelOrder, ExchangeRequest, ExchangeRequests
from shared.exchange.errors import NO_SUCH_ORDER, RULES, ExchangeError
from shared.exchange.orders import NewOrder, OrderRef
from shared.exchange.outcome import Accepted, Lost, Refused, Uncertain
from shared.exchange.port import TradingVenue
from shared.exchange.resolve import cancel_for_certain, place_for_certain, settle
from shared.exchange.streams import StreamLost
from shared.runtime.common import CommonSettings
from shared.runtime.exits import Exit, Leave
from shared.runtime.parking import park
from shared.runtime.source import Tenure
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)

_QUEUE: Final = "exchange"
_REQUESTS: Final = Counter("ict_gateway_requests_total", "Orders and cancels by what became of them", ["act", "ended"])
_REFRESHES: Final = Counter(
    "ict_gateway_refreshes_total", "Whole accounts asked for by REST, by whether all agreed", ["agreed"]
)
_PENDING: Final = Gauge("ict_gateway_requests_in_hand", "Requests taken from the broker and not answered")


class GatewayFlow:
    """A source (``shared.runtime.source``): runs on one replica at a time, until cancelled. ``make``: a venue, unstarted."""

    def __init__(
        self, bus: Bus, make: Callable[[], TradingVenue], common: CommonSettings, settings: GatewaySettings
    ) -> None:
        self._bus = bus
        self._make = make
        self._common = common
        self._settings = settings
        self._core = GatewayCore(settings, common.exchange.recv_window_ms)
        self._condition = Condition()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wake = asyncio.Event()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] | None = None

    def trouble(self) -> str:
        """See ``Condition.trouble``."""
        return self._condition.trouble()

    async def run(self, tenure: Tenure) -> None:
        self._tenure = tenure
        if tenure.state is not None:
            self._core.restore(tenure.state)
        self._broken = asyncio.get_running_loop().create_future()
        self._exchange = self._make()
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
                await check_account(self._exchange)
                await set_up(self._exchange, self._common.symbols, self._settings)
                alerts = await filters_apart(self._exchange, self._common.instrument_table(), self._exchange.now())
                await self._refresh()
            except ExchangeError as error:
                if error.action in ("refuse", "halt"):
                    raise Leave(Exit.REFUSED, f"the gateway cannot start: {error}") from error
                log.warning("the exchange is away; trying again", error=str(error), seconds=pause)
                self._condition.unanswered(str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._common.exchange.stream.backoff_longest_s)
            else:
                if alerts:
                    await self._bus.publish(alerts)
                return

    async def _work(self) -> None:
        assert self._broken is not None
        tasks = [
            asyncio.create_task(self._listen(), name="gateway user stream"),
            asyncio.create_task(self._tell(), name="gateway news"),
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
            await park(self._bus, delivery, "gateway", str(error))
            return
        if isinstance(message, ExchangeRequests):
            groups = by_symbol(message.requests)
            await asyncio.gather(*(self._symbol(symbol, requests) for symbol, requests in groups.items()))
            await self._bus.publish([self._core.answer(message, self._exchange.now())])
            self._core.answered(self._exchange.now())
            self._wake.set()
        await delivery.ack()

    async def _symbol(self, symbol: str, requests: Sequence[ExchangeRequest]) -> None:
        """In order; the symbol's next request waits, other symbols do not."""
        async with self._locks[symbol]:
            for request in requests:
                await self._request(request)

    async def _request(self, request: ExchangeRequest) -> None:
        client_id = request.client_id if isinstance(request, CancelOrder) else request.order.client_id
        act = self._core.act_of(request, self._exchange.now())
        try:
            if isinstance(act, Send):
                await self._send(act.order)
            elif isinstance(act, Find):
                await self._find(act.order, act.open)
            elif isinstance(act, Ask):
                await self._ask(act.ref)
            elif isinstance(act, Cancel):
                await self._cancel(act.ref)
            elif isinstance(act, Search):
                await self._search(act.symbol, act.client_id)
        except ExchangeError as error:  # a question that failed: execution hears nothing of this id, and asks again
            _REQUESTS.labels(type(act).__name__.lower(), "unanswered").inc()
            log.warning("no answer on an order", order=client_id, error=str(error))

    async def _send(self, order: NewOrder) -> None:
        """Save, then send; what certainly never arrived may be sent again."""
        for resends_left in reversed(range(self._settings.resends + 1)):
            await self._tenure.save(self._core.snapshot())
            outcome = await place_for_certain(self._exchange, order, self._common.exchange)
            if not (isinstance(outcome, Refused) and outcome.code == NO_SUCH_ORDER and resends_left):
                self._placed(order, outcome)
                return
            self._core.sending_again(order.client_id, self._exchange.now())

    async def _find(self, order: NewOrder, open_: Uncertain) -> None:
        """Sent before, by a process that died or lost the answer: first find out, then send only what never arrived."""
        outcome = await settle(self._exchange, open_, order.ref, "placed", self._common.exchange)
        if isinstance(outcome, Refused):
            self._core.sending_again(order.client_id, self._exchange.now())
            await self._send(order)
            return
        self._placed(order, outcome)

    def _placed(self, order: NewOrder, outcome: Accepted | Refused | Lost) -> None:
        now = self._exchange.now()
        _REQUESTS.labels("place", type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Accepted):
            assert outcome.order is not None, "placing is answered with the order"
            self._core.told(order.client_id, outcome.order)
        elif isinstance(outcome, Refused):
            self._core.refused(order.client_id, outcome.code, outcome.message, now)
            rule = RULES.get(outcome.code)
            if rule is not None and rule.action == "halt":
                self._alert(f"halt.{outcome.code}", f"{order.symbol}: {outcome.code} {rule.meaning}: {outcome.message}", now)
        else:
            text = f"{order.symbol}: whether order {order.client_id} exists cannot be found out; look at the exchange"
            self._alert(f"lost.{order.client_id}", text, now)

    async def _ask(self, ref: OrderRef) -> None:
        found = await inquire(self._exchange, ref)
        if found is None:
            self._core.not_found(ref.symbol, ref.client_id, self._exchange.now())
        else:
            self._core.told(ref.client_id, *found)

    async def _cancel(self, ref: OrderRef) -> None:
        outcome = await cancel_for_certain(self._exchange, ref, self._common.exchange)
        _REQUESTS.labels("cancel", type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Accepted) and outcome.order is not None:
            self._core.told(ref.client_id, outcome.order)
        elif not isinstance(outcome, Lost):
            await self._ask(ref)  # it may have been filled, or triggered, a moment before

    async def _search(self, symbol: str, client_id: str) -> None:
        found = await search(self._exchange, symbol, client_id)
        if found is None:
            self._core.not_found(symbol, client_id, self._exchange.now())
            return
        self._core.told(client_id, *found)
        if not found[0].over:
            await self._cancel(OrderRef(symbol=symbol, client_id=client_id, book=found[0].book))

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
                    self._wake.set()
                    pause = 0.0
                    async for event in stream:
                        self._core.hear(event, self._exchange.now())
                        if not getattr(event, "readable", True):
                            self._core.want_refresh()
                        self._wake.set()
            except StreamLost as lost:
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
                    await self._fund()
            except ExchangeError as error:
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
                await self._tenure.save(self._core.snapshot())

    async def _refresh(self) -> None:
        """The whole account by REST, and every order of ours that it does not show.

        Orders of all symbols cost as much as those of forty: they are asked for where something may have been missed.
        """
        exchange, core = self._exchange, self._core
        asked_at = exchange.now()
        balances, positions = await asyncio.gather(exchange.balances(), exchange.positions())
        symbols = (None,) if core.missed_something else self._common.symbols
        listed = await asyncio.gather(*(exchange.open_orders(symbol) for symbol in symbols))
        orders = [order for each in listed for order in each]
        core.stated(balances, positions, asked_at)
        core.listed(orders)
        for ref in core.in_doubt((order.book, order.id) for order in orders):
            found = await inquire(exchange, ref)
            if found is None:
                core.gone(ref, asked_at)
            else:
                core.found(ref.client_id, *found)
        for symbol in core.unexplained():
            await self._trades(symbol, core.state.agreed_at or asked_at)
        wanted = {*core.fees.assets, *core.fees.missing(core.state.fills)}
        core.fees.learn({asset: await mark_of(exchange, f"{asset}USDT") for asset in sorted(wanted)})
        apart = core.settled(asked_at)
        self._condition.answered()
        _REFRESHES.labels("no" if apart else "yes").inc()
        if apart:
            log.warning("fills do not explain the positions; the exchange's word holds", symbols=list(apart))

    async def _trades(self, symbol: str, since: int) -> None:
        """Executions since the account last agreed; a fill may be lost while later ones are heard."""
        exchange, core, limit = self._exchange, self._core, self._settings.trades_per_question
        trades = await exchange.account_trades(symbol, start=since - self._settings.trades_overlap_ms, limit=limit)
        while trades:
            orders = {each: await exchange.order(OrderRef(symbol=symbol, id=each)) for each in core.unowned(trades)}
            core.traded(symbol, trades, {each: order for each, order in orders.items() if order is not None})
            if len(trades) < limit:
                return
            trades = await exchange.account_trades(symbol, from_id=trades[-1].id + 1, limit=limit)

    async def _fund(self) -> None:
        """Funding that was paid since the last news, with the rate where the exchange tells it."""
        since = self._core.state.told_until or self._exchange.now()
        incomes = await self._exchange.income(kind="FUNDING_FEE", start=since)
        rates = {}
        for symbol in {income.symbol for income in incomes if income.symbol}:
            history = await self._exchange.funding_history(symbol, limit=1)
            rates.update({each.symbol: each.rate for each in history})
        self._core.funded(incomes, rates)

    def _alert(self, key: str, text: str, now: int) -> None:
        alert = Alert(severity="critical", source="gateway", key=key, text=text, time=now)
        task = asyncio.create_task(self._bus.publish([alert]), name="gateway alert")
        self._in_hand.add(task)
        task.add_done_callback(self._handled)
