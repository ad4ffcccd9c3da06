"""The questions that `ict exchange record` asks: everything that the product asks an exchange, once, with its own adapter.

A question that fails is part of the truth: its answer is recorded, its name and reason are told, and the next one is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from shared.exchange.errors import ExchangeError
from shared.exchange.model.streams import MarketStream, StreamKind, StreamLost, StreamName, UserStream
from shared.exchange.outcome.outcomes import Refused
from shared.exchange.port import Exchange

#: Candles that are asked for.
_CANDLES: Final = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a question: ``trouble`` says why it was refused or got no answer; empty = it was answered."""

    name: str
    trouble: str = ""


Question = tuple[str, Callable[[], Awaitable[Any]]]


async def ask(questions: list[Question]) -> AsyncIterator[Told]:
    """Ask one question after the other and tell what came of each."""
    for name, question in questions:
        try:
            answer = await question()
        except (ExchangeError, StreamLost, OSError) as error:
            yield Told(name, str(error)[:200])
        else:
            yield Told(name, f"refused with {answer.code}: {answer.message}" if isinstance(answer, Refused) else "")


def public(exchange: Exchange, symbol: str) -> list[Question]:
    """What anybody may ask."""
    return [
        ("server time", exchange.server_time),
        ("instruments", exchange.exchange_info),
        ("candles", lambda: exchange.klines(symbol, "1m", limit=_CANDLES)),
        ("order book", lambda: exchange.depth(symbol, 100)),
        ("best bid and ask", lambda: exchange.book_ticker(symbol)),
        ("trades", lambda: exchange.agg_trades(symbol, limit=_CANDLES)),
        ("mark prices", exchange.mark_prices),
        ("funding paid", lambda: exchange.funding_history(symbol)),
        ("funding terms", exchange.funding_terms),
    ]


def private(exchange: Exchange, symbol: str) -> list[Question]:
    """What the owner of a key may ask; nothing is changed."""
    return [
        ("rights of the key", exchange.key_rights),
        ("account", exchange.account),
        ("balances", exchange.balances),
        ("positions", exchange.positions),
        ("leverage brackets", lambda: exchange.brackets(symbol)),
        ("commission", lambda: exchange.commission(symbol)),
        ("settings of the symbol", lambda: exchange.symbol_configs(symbol)),
        ("hedge mode", exchange.hedge_mode),
        ("open orders", exchange.open_orders),
        ("trades of the account", lambda: exchange.account_trades(symbol)),
        ("income", lambda: exchange.income()),
    ]


def market_streams(exchange: Exchange, symbol: str) -> list[MarketStream]:
    """The market streams that the product reads, a connection for each route."""
    kinds: tuple[StreamKind, ...] = ("agg_trade", "mark_price", "book_ticker", "depth", "liquidation")
    names = [StreamName("kline", symbol, "1m"), *(StreamName(kind, symbol) for kind in kinds)]
    return [exchange.market_stream(group) for group in exchange.together(names)]


async def listen(stream: MarketStream | UserStream, opened: asyncio.Event) -> None:
    """Read a stream until cancelled; what it sends is recorded on the way. Raises StreamLost."""
    async with stream as events:
        opened.set()
        async for _ in events:
            pass


async def quietly(task: asyncio.Task[None]) -> str:
    """End a listening task; return why it had ended before, or nothing."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        try:
            await task
        except (StreamLost, ExchangeError, OSError) as error:
            return str(error)[:200]
    return ""
