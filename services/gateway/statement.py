"""The account by REST: what is asked for regularly, and whenever news may have been missed. Part of the gateway's shell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from prometheus_client import Counter

from services.gateway.core import GatewayCore
from services.gateway.inquiry import inquire, mark_of
from services.gateway.settings import GatewaySettings
from shared.exchange.model.orders import OrderRef
from shared.exchange.port import TradingExchange

log = structlog.get_logger(__name__)

_REFRESHES: Final = Counter(
    "ict_gateway_refreshes_total", "Whole accounts asked for by REST, by whether all agreed", ["agreed"]
)


async def refresh(exchange: TradingExchange, core: GatewayCore, symbols: Sequence[str], settings: GatewaySettings) -> None:
    """The whole account by REST, and every order of ours that it does not show.

    Orders of all symbols cost as much as those of forty: they are asked for where something may have been missed.
    Raises ExchangeError.
    """
    asked_at = exchange.now()
    balances, positions = await asyncio.gather(exchange.balances(), exchange.positions())
    asked: Sequence[str | None] = (None,) if core.missed_something else symbols
    listed = await asyncio.gather(*(exchange.open_orders(symbol) for symbol in asked))
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
        await _trades(exchange, core, symbol, core.state.agreed_at or asked_at, settings)
    wanted = {*core.fees.assets, *core.fees.missing(core.state.fills)}
    core.fees.learn({asset: await mark_of(exchange, f"{asset}USDT") for asset in sorted(wanted)})
    apart = core.settled(asked_at)
    _REFRESHES.labels("no" if apart else "yes").inc()
    if apart:
        log.warning("fills do not explain the positions; the exchange's word holds", symbols=list(apart))


async def fund(exchange: TradingExchange, core: GatewayCore) -> None:
    """Funding that was paid since the last news, with the rate where the exchange tells it. Raises ExchangeError."""
    since = core.state.told_until or exchange.now()
    incomes = await exchange.income(kind="FUNDING_FEE", start=since)
    rates = {}
    for symbol in {income.symbol for income in incomes if income.symbol}:
        history = await exchange.funding_history(symbol, limit=1)
        rates.update({each.symbol: each.rate for each in history})
    core.funded(incomes, rates)


async def _trades(exchange: TradingExchange, core: GatewayCore, symbol: str, since: int, settings: GatewaySettings) -> None:
    """Executions since the account last agreed; a fill may be lost while later ones are heard."""
    limit = settings.trades_per_question
    trades = await exchange.account_trades(symbol, start=since - settings.trades_overlap_ms, limit=limit)
    while trades:
        orders = {each: await exchange.order(OrderRef(symbol=symbol, id=each)) for each in core.unowned(trades)}
        core.traded(symbol, trades, {each: order for each, order in orders.items() if order is not None})
        if len(trades) < limit:
            return
        trades = await exchange.account_trades(symbol, from_id=trades[-1].id + 1, limit=limit)
