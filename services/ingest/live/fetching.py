"""REST on behalf of the feed: every question has a time limit, is counted, and waits its turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from services.ingest.live.audit import Audit, Difference
from services.ingest.live.funding import FundingPassed
from services.ingest.live.metrics import FETCHES
from services.ingest.live.watchdog import pause_ms
from services.ingest.settings.live import LiveSettings
from shared.domain.control import FundingDue
from shared.domain.timeframes import FINEST, MINUTE
from shared.exchange.errors import ExchangeError
from shared.exchange.port import MarketData

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

#: The port's bound of one answer.
_MOST_KLINES: Final = 1_500


class Unanswered(Exception):
    """The exchange did not answer, or answered with an error; ``error`` when it gave one."""

    def __init__(self, what: str, why: str, error: ExchangeError | None) -> None:
        super().__init__(f"{what}: {why}")
        self.error = error


class Questions:
    """At most ``fetches_at_once`` at a time, each for at most ``fetch_timeout_ms`` from when its turn has come."""

    def __init__(self, settings: LiveSettings, chance: Callable[[], float]) -> None:
        self._turn = asyncio.Semaphore(settings.fetches_at_once)
        self._timeout = settings.fetch_timeout_ms / 1_000
        self._backoff = settings.backoff
        self._chance = chance

    async def ask(self, what: str, question: Awaitable[Answer]) -> Answer:
        """The answer. Raises Unanswered; the reason is logged and counted here."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await question
            except TimeoutError:
                why, error, outcome = f"no answer within {self._timeout:g} s", None, "timeout"
            except ExchangeError as refusal:
                why, error, outcome = str(refusal), refusal, "error"
            else:
                FETCHES.labels(what, "answered").inc()
                return answer
        FETCHES.labels(what, outcome).inc()
        log.warning("exchange_query_failed", what=what, why=why)
        raise Unanswered(what, why, error)

    async def answered(self, what: str, question: Awaitable[object]) -> bool:
        """Whether the exchange answers at all."""
        try:
            await self.ask(what, question)
        except Unanswered:
            return False
        return True

    async def insist(self, what: str, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until the exchange answers."""
        attempt = 0
        while True:
            try:
                return await self.ask(what, question())
            except Unanswered:
                attempt += 1
                await asyncio.sleep(self.pause_ms(attempt) / 1_000)

    def pause_ms(self, attempt: int) -> int:
        """The pause after a question that failed ``attempt`` times; never long: an answer is itself the sign of recovery."""
        return min(self._backoff.reachable_ms, pause_ms(attempt - 1, self._chance(), self._backoff))


async def compare_with_exchange(
    audit: Audit, symbols: Sequence[str], exchange: MarketData, questions: Questions
) -> list[Difference]:
    """Ask for the candles that were published since the last comparison, and compare (DATA-8)."""
    differences: list[Difference] = []
    for symbol in symbols:
        span = audit.span(symbol)
        if span is None:
            continue
        count = min(_MOST_KLINES, (span[1] - span[0]) // MINUTE + 1)
        with contextlib.suppress(Unanswered):  # the next round has the same span and more
            klines = await questions.ask("audit", exchange.klines(symbol, FINEST, start=span[0], end=span[1], limit=count))
            differences += audit.compare(symbol, *span, klines)
    return differences


async def funding_of(passed: FundingPassed, exchange: MarketData, questions: Questions) -> FundingDue | None:
    """The rate of a funding time that passed unheard; None when the exchange has none there."""
    symbol, time = passed.symbol, passed.time
    rates = await questions.insist(
        "funding", lambda: exchange.funding_history(symbol, start=time - MINUTE, end=time + MINUTE)
    )
    if not rates:
        log.warning("funding_missing", symbol=symbol, time=time)
        return None
    return FundingDue(symbol=symbol, time=time, rate=rates[0].rate)
