"""Wires the parts that speak with the exchange, and starts the core's requests, each in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any, Final

import structlog

from services.execution.drivers.exchange.account_sync import AccountSync
from services.execution.drivers.exchange.countdown import Countdown
from services.execution.drivers.exchange.executions import Funding, query_executions
from services.execution.drivers.exchange.halting import Halting
from services.execution.drivers.exchange.income_rows import TransferRows
from services.execution.drivers.exchange.instruments import Instruments
from services.execution.drivers.exchange.listening import Listening
from services.execution.drivers.exchange.money_loop import MoneyLoop, is_entry
from services.execution.drivers.exchange.presence import Presence
from services.execution.drivers.exchange.price_watch import PriceWatch
from services.execution.drivers.exchange.quotes import Quotes
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.drivers.exchange.sending import Sending
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.leading import Sign
from services.execution.requests import (
    CancelOrder,
    QueryAccount,
    QueryExecutions,
    QueryOrder,
    Request,
)
from services.execution.settings import ExecutionSettings
from shared.config.settings import CommonSettings
from shared.domain.client_ids import lineage
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.port import Exchange
from shared.runtime.leadership import Leadership

log = structlog.get_logger(__name__)

#: Executions are asked for from a little before the last agreement on.
_OVERLAP_MS: Final = 5_000
#: Longest wait for executions and orders in doubt at the start, seconds; the core goes on asking after that.
_CATCH_UP_S: Final = 10.0


class Dispatcher:
    """``running``: requests under way. caught_up: the exchange was asked what happened before the start."""

    def __init__(
        self,
        exchange: Exchange,
        loop: MoneyLoop,
        write_ahead: WriteAhead,
        common: CommonSettings,
        settings: ExecutionSettings,
        readiness: Readiness,
        leadership: Leadership | None = None,
    ) -> None:
        driver = settings.driver
        self._exchange = exchange
        self._loop = loop
        self._symbols = common.symbols
        self._page = driver.trades_per_query
        self.caught_up = False
        self.running: set[asyncio.Task[None]] = set()
        self.halting = Halting(loop, readiness, lambda until, why: self.instruments.banned(until, why))
        failed = self.halting.failed
        self.presence = Presence(exchange, lineage(common.mode, common.namespace), self._rival_leads)
        self.instruments = Instruments(exchange, loop, common, driver, self.halting.halt, failed)
        exchange.watch_limits(self.halting.limits_news)
        transfers = TransferRows(exchange, loop, driver.funding_overlap_s, failed)
        self.account_sync = AccountSync(
            exchange,
            loop,
            common.symbols,
            driver.statement_every_s,
            readiness,
            failed,
            self._presence_of,
            transfers.read,
        )
        self.countdown = Countdown(exchange, loop, driver.countdown_s, failed)
        self._funding = Funding(exchange, loop, driver.funding_every_s, driver.funding_overlap_s, failed)
        self._price_watch = PriceWatch(exchange, loop, common.symbols, failed)
        self._quotes = Quotes(
            exchange,
            common.symbols,
            loop.now,
            common.exchange.stream,
            on_quote=self._price_watch.on_quote,
            silence_ms=driver.quote_silence_ms,
            patience=driver.quote_patience_s,
        )
        self._sending = Sending(
            exchange,
            loop,
            write_ahead,
            self._quotes,
            common.exchange.recv_window_ms,
            refused=self.instruments.refused,
            failed=failed,
            leadership=leadership,
        )
        self.listening = Listening(
            exchange,
            loop,
            common.exchange.stream,
            readiness,
            opened=self._opened,
            missed=self._missed,
            set_up=self.instruments.look,
            funded=self._funding.ask,
            paid_in=self.account_sync.paid_in,
            failed=failed,
            presence=self._presence_of,
        )

    def work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs, beside the user stream and statements, until the process stops, once the account was checked."""
        yield "funding", self._funding.run()
        yield "quotes", self._quotes.run()
        yield "price watch", self._price_watch.run()
        yield "countdown", self.countdown.run()
        yield "instruments", self.instruments.run()

    def start(self, request: Request) -> None:
        """Start a request; it leaves when this turn of the event loop is over."""
        if isinstance(request, QueryAccount):
            self.account_sync.ask(whole=True)
        elif isinstance(request, QueryExecutions):
            self._run(self._executions(request))
        elif isinstance(request, CancelOrder):
            self._run(self._sending.cancel(request))
        elif isinstance(request, QueryOrder):
            self._run(self._sending.query(request))
        elif not is_entry(request):
            self._run(self._sending.place(request))
        else:
            self._run(self._sending.enter(request, self._sending.judged(request)))

    async def catch_up(self) -> None:
        """Ask for executions and for every order in doubt, and wait for the answers."""
        state = self._loop.core.state
        queries = [
            QueryOrder(order.client_id, order.ref) for order in state.orders.values() if order.status in ("SENT", "IN_DOUBT")
        ]
        asked = [*self._executions_of_all(), *(self._sending.query(each) for each in queries)]
        tasks = [self._run(work) for work in asked]
        if tasks:
            await asyncio.wait(tasks, timeout=_CATCH_UP_S)
        self._sending.first.reconciled()
        self.caught_up = True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _presence_of(self, order: ExchangeOrder) -> bool:
        return self.presence.take(order, self._loop.now())

    def _rival_leads(self, sign: Sign) -> None:
        self.halting.halt(sign.text)

    def _opened(self) -> None:
        """The user stream is open anew: what happened before is asked for."""
        self.account_sync.ask(whole=True)
        self._funding.ask()
        self.instruments.look()
        if self.caught_up:
            for work in self._executions_of_all():
                self._run(work)

    def _missed(self) -> None:
        self.account_sync.ask(whole=True)
        self._funding.ask()

    def _executions_of_all(self) -> list[Awaitable[None]]:
        """Queries of executions since all last agreed, of every symbol that is traded or held."""
        state = self._loop.core.state
        since = state.agreed_at or state.stated_at
        exposed = {plan.symbol for plan in state.plans.values()} | {each.symbol for each in state.positions.values()}
        symbols = sorted(exposed | set(self._symbols)) if since else []
        return [self._executions(QueryExecutions(symbol, max(0, since - _OVERLAP_MS))) for symbol in symbols]

    async def _executions(self, request: QueryExecutions) -> None:
        try:
            await query_executions(self._exchange, self._loop, request, self._page)
        except ExchangeError as error:
            self.halting.failed(error)
            log.warning("executions_not_read", symbol=request.symbol, error=str(error))

    def _run(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.create_task(_guarded(work), name="execution request")
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


async def _guarded(work: Awaitable[None]) -> None:
    """A request that fails by a bug leaves its order in doubt: the core asks what became of it."""
    try:
        await work
    except Exception:
        log.exception("request_failed")
