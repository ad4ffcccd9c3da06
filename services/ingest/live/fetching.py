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
from shared.domain.order_flow import LONGEST_FUNDING_MINUTES
from shared.domain.timeframes import FINEST, MINUTE
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import FundingRate
from shared.exchange.port import MarketData

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

#: The port's bounds of one answer.
_MOST_KLINES: Final = 1_500
_MOST_RATES: Final = 1_000


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


async def rates_since(symbol: str, start: int, exchange: MarketData, questions: Questions) -> tuple[FundingRate, ...]:
    """The fundings of a symbol that were settled at ``start`` or later (UTC ms), oldest first. Asks until it is answered."""
    return await questions.insist("funding", lambda: exchange.funding_history(symbol, start=start, limit=_MOST_RATES))


async def settled_before(
    begin: int, symbols: Sequence[str], exchange: MarketData, questions: Questions
) -> dict[str, tuple[FundingRate, ...]]:
    """The rates by symbol that the candles from ``begin`` (UTC ms) on can know, and all since.

    A symbol that is not answered is left out: its candles tell no funding until a settlement is heard.
    """
    start = begin - LONGEST_FUNDING_MINUTES * MINUTE
    found: dict[str, tuple[FundingRate, ...]] = {}

    async def one(symbol: str) -> None:
        with contextlib.suppress(Unanswered):
            history = exchange.funding_history(symbol, start=start, limit=_MOST_RATES)
            found[symbol] = await questions.ask("funding", history)

    await asyncio.gather(*(one(symbol) for symbol in symbols))
    return found


def due_of(passed: FundingPassed, rates: Sequence[FundingRate]) -> FundingDue | None:
    """The rate of a funding time that passed unheard; None when the exchange has none there."""
    found = [each for each in rates if abs(each.time - passed.time) <= MINUTE]
    if not found:
        log.warning("funding_missing", symbol=passed.symbol, time=passed.time)
        return None
    return FundingDue(symbol=passed.symbol, time=passed.time, rate=found[0].rate)
