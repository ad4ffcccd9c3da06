"""Queries an order until ``outcomes.judge`` can decide its uncertain outcome."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import structlog
from prometheus_client import Counter

from shared.domain.backoff import Backoff
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, AskAgain, Lost, Outcome, Refused, Uncertain, Wanted, judge
from shared.exchange.settings import ExchangeSettings

log = structlog.get_logger(__name__)

_RESOLVED: Final = Counter(
    "ict_exchange_resolved_total", "Order calls of unknown outcome, by what a query found", ["wanted", "ended"]
)


class Orders(Protocol):
    """The calls of the exchange port that are used here."""

    def now(self) -> int: ...
    async def place(self, order: NewOrder) -> Outcome: ...
    async def cancel(self, ref: OrderRef) -> Outcome: ...
    async def order(self, ref: OrderRef) -> ExchangeOrder | None: ...


async def place_for_certain(exchange: Orders, order: NewOrder, settings: ExchangeSettings) -> Accepted | Refused | Lost:
    """Place an order once and query it until its outcome is certain.

    Save the client id first: after a crash in between, query the order by that id instead of placing it again. Lost if the
    outcome is still uncertain after ``resolve_give_up_s``.
    """
    return await settle(exchange, await exchange.place(order), order.ref, "placed", settings)


async def cancel_for_certain(exchange: Orders, ref: OrderRef, settings: ExchangeSettings) -> Accepted | Refused | Lost:
    """Cancel an order and query it until the outcome is certain; Lost if it still is not after ``resolve_give_up_s``."""
    return await settle(exchange, await exchange.cancel(ref), ref, "cancelled", settings)


async def settle(
    exchange: Orders, outcome: Outcome, ref: OrderRef, wanted: Wanted, settings: ExchangeSettings
) -> Accepted | Refused | Lost:
    """Return ``outcome`` if it is certain; otherwise query the order, with pauses, until it is.

    Never sends the order again. A query that fails is repeated. Lost if no query decides within ``resolve_give_up_s``.
    """
    if not isinstance(outcome, Uncertain):
        return outcome
    log.warning("outcome_unknown", order=ref.client_id or ref.id, wanted=wanted, doubt=outcome.doubt, why=outcome.message)
    pauses = Backoff(settings.resolve_pause_s, settings.resolve_longest_s).pauses()
    deadline = asyncio.get_running_loop().time() + settings.resolve_give_up_s
    while asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(next(pauses))
        asked_at = exchange.now()
        try:
            found = await exchange.order(ref)
        except ExchangeError as error:
            log.warning("outcome_query_failed", order=ref.client_id or ref.id, error=str(error))
            continue
        verdict = judge(wanted, outcome, found, asked_at, settings.resolve_margin_ms)
        if not isinstance(verdict, AskAgain):
            _RESOLVED.labels(wanted, "accepted" if isinstance(verdict, Accepted) else "refused").inc()
            log.info("outcome_known", order=ref.client_id or ref.id, wanted=wanted, verdict=type(verdict).__name__)
            return verdict
    _RESOLVED.labels(wanted, "lost").inc()
    return Lost()
