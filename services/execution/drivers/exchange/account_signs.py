"""Reads who trades the account: its open orders, and the orders behind its newest fills (EXEC-4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from services.execution.leading import RECENT_MS, Sign
from shared.domain.symbols import is_symbol
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import Income
from shared.exchange.model.orders import OrderRef
from shared.exchange.port import TradingExchange

log = structlog.get_logger(__name__)

#: Whose orders are asked for: the newest of a symbol's fills.
_NEWEST: Final = 10
#: Every trade pays a fee, so this income names the symbols that were traded, also such as are not configured.
_OF_TRADES: Final = "COMMISSION"
_ROWS: Final = 100
#: So many symbols are asked for although no fee of theirs is listed yet: income rows may come late.
_FEW: Final = 16


async def signs_of(exchange: TradingExchange, symbols: Sequence[str], now: int) -> tuple[Sign, ...]:
    """Return open orders of every symbol, and the newest fills of the last ``RECENT_MS``. Raises ExchangeError.

    symbols: whose fills are asked for, with those that paid fees lately; of many symbols these alone, because each costs
    weight that statements need. now: UTC ms of the exchange.
    """
    since = now - RECENT_MS
    orders, paid = await asyncio.gather(exchange.open_orders(), _paid(exchange, since))
    traded = {*(symbols if len(symbols) <= _FEW else ()), *(each.symbol for each in paid if is_symbol(each.symbol))}
    fills = await asyncio.gather(*(_fills(exchange, symbol, since) for symbol in sorted(traded)))
    resting = (Sign("order", each.client_id, each.symbol, each.created_at or each.updated_at) for each in orders)
    return (*resting, *_joined(fills))


async def _paid(exchange: TradingExchange, since: int) -> tuple[Income, ...]:
    try:
        return await exchange.income(kind=_OF_TRADES, start=since, limit=_ROWS)
    except ExchangeError as error:
        if error.action != "refuse":
            raise
        return ()


async def _fills(exchange: TradingExchange, symbol: str, since: int) -> tuple[Sign, ...]:
    """The newest fills of a symbol; none of one that the exchange does not know any more."""
    try:
        trades = await exchange.account_trades(symbol, start=since)
    except ExchangeError as error:
        if error.action != "refuse":
            raise
        log.warning("fills_not_read", symbol=symbol, error=str(error))
        return ()
    newest: dict[int, int] = {}
    for each in trades:
        newest[each.order_id] = max(newest.get(each.order_id, 0), each.time)
    latest = sorted(newest, key=lambda order: newest[order])[-_NEWEST:]
    orders = await asyncio.gather(*(exchange.order(OrderRef(symbol=symbol, id=each)) for each in latest))
    return tuple(Sign("fill", each.client_id, symbol, newest[each.id]) for each in orders if each is not None)


def _joined(parts: Iterable[tuple[Sign, ...]]) -> tuple[Sign, ...]:
    return tuple(sign for part in parts for sign in part)
