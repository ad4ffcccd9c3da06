"""Watches what the exchange lists and how the account is set, and tells it.

Filters, states of symbols and the account's modes change while the system runs: by the exchange, or by a person in the
app. All of it is asked for regularly, the filters also as soon as the exchange refuses an order because of them. What
changed leaves as an InstrumentList, so that the next order is rounded right; what does not fit closes the symbol to entries.
Exits are never held back here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from services.execution.drivers.exchange.metrics import CLOSED, COMMISSION, LEFT_OUT
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.preflight import modes_fault, refuse, set_up, truth_of
from services.execution.drivers.exchange.settings import DriverSettings
from shared.config.settings import CommonSettings
from shared.domain.control import Alert, Severity
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, InstrumentChange, InstrumentList
from shared.domain.message import Message
from shared.domain.timezones import shown
from shared.exchange import account_truth, listing
from shared.exchange.account_truth import AccountTruth, Finding, Wanted
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import ExchangeInfo, LeftOut, TradingSchedule
from shared.exchange.port import TradingExchange
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)

_SOURCE: Final = "execution"
#: Closures that come and go by the calendar, or of which people are told elsewhere: told to services, without an alert.
_QUIET: Final = frozenset({"session", "ban"})
_HOUR_MS: Final = 3_600_000


class Instruments:
    """Await ``begin`` before the first order, then run ``run`` until it is cancelled.

    halt: stops entries, for a reason. failed: called with an error of a question.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        loop: MoneyLoop,
        common: CommonSettings,
        settings: DriverSettings,
        halt: Callable[[str], None],
        failed: Callable[[ExchangeError], None],
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._halt = halt
        self._failed = failed
        self._ban: tuple[int, str] = (0, "")
        self._symbols = common.symbols
        self._account = common.account
        self._wanted = Wanted(
            symbols=common.symbols, leverage=common.account.leverage, margin_type=common.account.margin_type
        )
        self._settings = settings
        self._instruments: dict[str, Instrument] = common.instrument_table()
        self._schedule: TradingSchedule | None = None
        self._info: ExchangeInfo | None = None
        self._findings: tuple[Finding, ...] = ()
        self._unset: tuple[str, ...] = ()
        self._unsigned: dict[str, Closure] = {}
        self._left_out: tuple[LeftOut, ...] = ()
        self._listing: InstrumentList | None = None
        self._fee_tier: int | None = None
        self._asking: asyncio.Task[None] | None = None
        self._look = asyncio.Event()

    async def begin(self) -> None:
        """Set leverage and margin type, judge the account, tell the instruments.

        Raises Leave if the account is in a mode that is not traded in and nothing is held; ExchangeError if the exchange
        could not be asked.
        """
        await self._query_listing()
        truth = await truth_of(self._exchange)
        self._unset = await set_up(self._exchange, self._listed(), self._account, truth.symbols)
        truth = await truth_of(self._exchange)
        self._fee_tier = truth.config.fee_tier
        self._findings = self._judged(truth)
        fault = modes_fault(self._findings)
        if fault:
            await refuse(self._exchange, fault, bool(self._loop.core.state.plans))
        self._tell(always=True)

    async def run(self) -> None:
        """Ask again and again; a question that fails is asked again after the same pause."""
        try:
            await self._run()
        finally:
            if self._asking is not None:
                self._asking.cancel()
                await asyncio.gather(self._asking, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        account, instruments = self._settings.account_check_s, self._settings.instruments_every_s
        account_due, instruments_due = loop.time() + account, loop.time() + instruments
        await self._guarded(self._query_commissions)
        while True:
            await wait_at_most(self._look, max(0.0, min(account_due, instruments_due) - loop.time()))
            looked = self._look.is_set()
            self._look.clear()
            if looked or loop.time() >= account_due:
                await self._guarded(self._check_account)
                account_due = loop.time() + account
            if loop.time() >= instruments_due:
                await self.refresh(always=True)
                instruments_due = loop.time() + instruments

    def look(self) -> None:
        """Check the account now: something was set, or may have been while nobody listened."""
        self._look.set()

    def banned(self, until: int, why: str) -> None:
        """Close every symbol to entries until ``until`` (UTC ms), because the exchange has banned this address."""
        self._ban = (until, why)
        if self._info is not None:  # else nothing is entered yet
            self._tell()

    async def refused(self, symbol: str, code: int, message: str) -> None:
        """Read the filters after a refusal, before its answer is fed, so that the next attempt is rounded to the new ones.

        Waits for the exchange's list at most ``instruments_patience_s``; an answer that comes later is published later.
        """
        if code in listing.DIFFERS:
            await asyncio.wait({self._refreshing()}, timeout=self._settings.instruments_patience_s)
        elif code == ErrorCode.TRADFI_AGREEMENT_NOT_SIGNED:
            until = self._loop.now() + _HOUR_MS
            text = (
                f"{symbol}: the exchange wants an agreement for this kind of contract ({message}): sign it in the Binance "
                f"app (open {symbol} in USDⓈ-M Futures), or take {symbol} out of `symbols`; tried again after "
                f"{shown(until, 'UTC')}"
            )
            self._unsigned[symbol] = Closure(symbol=symbol, reason="agreement", since=0, until=until, text=text)
            self._tell()

    async def refresh(self, *, always: bool = False) -> None:
        """Ask for the list of instruments and tell what is new; ``always``: tell it in any case. Logs what fails."""

        async def ask() -> None:
            await self._query_listing()
            self._tell(always=always)

        await self._guarded(ask)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _refreshing(self) -> asyncio.Task[None]:
        """One question for all who wait for the same answer."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self.refresh(), name="execution instruments")
        return self._asking

    async def _guarded(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        except ExchangeError as error:
            self._failed(error)
            log.warning("instruments_not_read", error=str(error))

    async def _query_listing(self) -> None:
        info = await self._exchange.exchange_info()
        if listing.needs_schedule(info, self._symbols):
            try:
                self._schedule = await self._exchange.trading_schedule()
            except ExchangeError as error:
                log.warning("trading_schedule_not_read", error=str(error))
        self._info = info
        LEFT_OUT.set(len(info.left_out))
        if info.left_out != self._left_out:
            self._left_out = info.left_out
            log.warning("symbols_left_out", symbols={each.symbol: each.reason for each in info.left_out})

    async def _check_account(self) -> None:
        """Judge the account anew; what is wrong since the last time halts entries and is alerted."""
        truth = await truth_of(self._exchange)
        if self._unset:
            self._unset = await set_up(self._exchange, self._unset, self._account, truth.symbols)
            truth = await truth_of(self._exchange)
        found = self._judged(truth)
        known = {(each.fault, each.symbol) for each in self._findings}
        fresh = [each for each in found if (each.fault, each.symbol) not in known and each.fault != "not_stated"]
        self._findings = found
        self._tell()
        if fresh:
            self._halt(f"the account was changed: {'; '.join(each.text for each in fresh)}")
        if truth.config.fee_tier != self._fee_tier:
            self._fee_tier = truth.config.fee_tier
            await self._query_commissions()

    def _listed(self) -> tuple[str, ...]:
        """Our symbols that the exchange lists; of the others it states no setting, and takes none."""
        return tuple(symbol for symbol in self._symbols if self._info is not None and symbol in self._info.symbols)

    def _judged(self, truth: AccountTruth) -> tuple[Finding, ...]:
        return account_truth.judge(truth, msgspec.structs.replace(self._wanted, symbols=self._listed()))

    async def _query_commissions(self) -> None:
        for symbol in self._listed():
            rates = await self._exchange.commission(symbol)
            COMMISSION.labels(symbol, "maker").set(float(rates.maker))
            COMMISSION.labels(symbol, "taker").set(float(rates.taker))
            log.info("commission", symbol=symbol, maker=str(rates.maker), taker=str(rates.taker))

    def _tell(self, *, always: bool = False) -> None:
        assert self._info is not None, "begin has asked"
        now = self._loop.now()
        lead = int(self._settings.delisting_lead_h * _HOUR_MS)
        judged = listing.judge(self._info, self._schedule, self._symbols, now, lead)
        closures = (
            *judged.closures,
            *account_truth.closures(self._findings, self._symbols),
            *(each for each in self._unsigned.values() if each.holds(now)),
            *self._bans(now),
        )
        changed = listing.changes(self._instruments, judged.instruments)
        self._instruments = {**self._instruments, **judged.instruments}
        instruments = tuple(self._instruments[symbol] for symbol in self._symbols if symbol in judged.instruments)
        before = self._listing
        if not always and before is not None and (before.instruments, before.closures) == (instruments, closures):
            return
        time = max(now, before.time + 1 if before is not None else 0)
        newest = InstrumentList(time=time, instruments=instruments, closures=closures, changes=changed)
        self._listing = newest
        CLOSED.set(len({each.symbol for each in closures if each.holds(now)}))
        self._loop.feed(newest)
        self._loop.tell(newest, *self._news(before.closures if before is not None else (), newest))

    def _bans(self, now: int) -> tuple[Closure, ...]:
        until, why = self._ban
        symbols = self._symbols if now < until else ()
        return tuple(Closure(symbol=symbol, reason="ban", since=0, until=until, text=why) for symbol in symbols)

    def _news(self, before: Sequence[Closure], newest: InstrumentList) -> list[Message]:
        """What a person should know: changed filters, symbols that close to entries, and that open again."""
        alerts: list[Message] = [self._filters(each, newest.time) for each in newest.changes]
        old = {(each.symbol, each.reason): each for each in before if each.reason not in _QUIET}
        new = {(each.symbol, each.reason): each for each in newest.closures if each.reason not in _QUIET}
        for (symbol, reason), closure in new.items():
            if (symbol, reason) not in old:
                severity: Severity = "critical" if closure.holds(newest.time) else "warning"
                text = f"{closure.text}. No entries in {symbol}; exits go on"
                alerts.append(self._alert(severity, f"closed.{symbol}.{reason}", text, newest.time))
        for (symbol, reason), closure in old.items():
            if (symbol, reason) not in new and (closure.until is None or closure.until > newest.time):
                text = f"{symbol}: what closed it to entries is over ({reason.replace('_', ' ')})"
                alerts.append(self._alert("info", f"opened.{symbol}.{reason}", text, newest.time))
        return alerts

    def _filters(self, change: InstrumentChange, time: int) -> Alert:
        text = (
            f"{change.symbol}: the exchange's {change.field} is {change.after}, it was {change.before}; "
            "orders are rounded to it from now on"
        )
        return self._alert("info", f"filters.{change.symbol}.{change.field}", text, time)

    def _alert(self, severity: Severity, key: str, text: str, time: int) -> Alert:
        return Alert(severity=severity, source=_SOURCE, key=key, text=text, time=time)
