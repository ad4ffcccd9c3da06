"""Keeps resting entries under the exchange's own countdown: if this process dies, the exchange cancels them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from services.execution.drivers.exchange.money_loop import MoneyLoop
from shared.exchange.errors import ExchangeError
from shared.exchange.port import TradingExchange
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)


class Countdown:
    """``seconds``: of the countdown; it is renewed three times in that time while an entry rests, and stopped after it."""

    def __init__(
        self, exchange: TradingExchange, loop: MoneyLoop, seconds: float, failed: Callable[[ExchangeError], None]
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._seconds = seconds
        self._failed = failed
        self._running: set[str] = set()
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Compare what rests with what is counted down; called after every input."""
        if self.resting() != self._running:
            self._changed.set()

    def resting(self) -> set[str]:
        """Symbols in which an entry of ours rests."""
        orders = self._loop.core.state.orders
        return {
            plan.symbol
            for plan in self._loop.core.state.plans.values()
            if plan.intent.kind == "limit" and any(order.resting for order in plan.of(orders, "entry"))
        }

    async def run(self) -> None:
        """Renew until cancelled; what rests then is cancelled by the exchange, unless the process does it before.

        Nothing is renewed while the user stream is down: an entry that fills unheard of would be bare.
        """
        while True:
            self._changed.clear()
            resting = self.resting()
            ended, self._running = self._running - resting, resting
            renewed = sorted(resting) if self._loop.core.state.connected else []
            calls = [self._set(symbol, round(self._seconds * 1000)) for symbol in renewed]
            await asyncio.gather(*calls, *(self._set(symbol, 0) for symbol in sorted(ended)))
            await wait_at_most(self._changed, self._seconds / 3)

    async def _set(self, symbol: str, ms: int) -> None:
        try:
            await self._exchange.countdown_cancel(symbol, ms)
        except ExchangeError as error:
            self._failed(error)
            log.warning("countdown_not_set", symbol=symbol, ms=ms, error=str(error))
