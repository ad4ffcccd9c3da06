"""The market half of the port at a real protocol server: REST and every stream, as ingest reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest
from pydantic import SecretStr

from shared.domain.timeframes import MINUTE
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.streams import Heard, StreamLost, StreamName
from shared.exchange.open import make_exchange
from shared.exchange.settings import ExchangeSettings
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.simulator.protocol_server import Hand, a_hand, a_server

SYMBOL = "BTCUSDT"


@pytest.fixture
async def scene() -> AsyncIterator[tuple[BinanceExchange, Hand]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(a_server(speed=60.0))
        hand = await stack.enter_async_context(a_hand(server))
        settings = ExchangeSettings(
            key=SecretStr(TEST_KEY), secret=SecretStr(TEST_SECRET), rest_url=server.url, stream_url=server.sockets_url
        )
        exchange = make_exchange("demo", settings, None, "rest")
        assert isinstance(exchange, BinanceExchange)
        stack.push_async_callback(exchange.close)
        await exchange.start()
        yield exchange, hand


async def test_every_question_about_the_market(scene: tuple[BinanceExchange, Hand]) -> None:
    """DATA-1, RISK-6: filters, candles, book, trades, mark price and funding."""
    exchange, hand = scene
    info = await exchange.exchange_info()
    assert info.symbols[SYMBOL].instrument().symbol == SYMBOL
    now = await exchange.server_time()
    klines = await exchange.klines(SYMBOL, "1m", limit=30)
    assert len(klines) == 30
    assert [each.open_time for each in klines] == list(range(klines[0].open_time, now // MINUTE * MINUTE + MINUTE, MINUTE))[
        :30
    ]
    assert all(each.closed for each in klines[:-1])
    assert all(each.low <= each.open <= each.high and each.low <= each.close <= each.high for each in klines)
    part = await exchange.klines(SYMBOL, "1m", start=klines[5].open_time, end=klines[9].open_time)
    assert [each.open_time for each in part] == [each.open_time for each in klines[5:10]]
    assert [each.close for each in part] == [each.close for each in klines[5:10]]
    depth = await exchange.depth(SYMBOL, 100)
    ticker = await exchange.book_ticker(SYMBOL)
    assert depth.bids[0][0] < depth.asks[0][0]
    assert ticker.bid < ticker.ask
    assert [price for price, _ in depth.bids] == sorted((price for price, _ in depth.bids), reverse=True)
    trades = await exchange.agg_trades(SYMBOL, limit=50)
    assert [each.id for each in trades] == sorted(each.id for each in trades)
    marks = await exchange.mark_prices()
    assert {each.symbol for each in marks} >= {SYMBOL, "ETHUSDT"}
    (mark,) = await exchange.mark_prices(SYMBOL)
    assert mark.next_funding > mark.time
    history = await exchange.funding_history(SYMBOL, limit=5)
    assert all(each.symbol == SYMBOL for each in history)
    assert isinstance(await exchange.funding_terms(), dict)
    rights = await exchange.key_rights()
    assert rights.withdraw is not True
    assert exchange.healthy()
    await hand.lift()


async def test_every_stream_speaks(scene: tuple[BinanceExchange, Hand]) -> None:
    """DATA-1: on its own route; candles close, the book's diffs follow each other."""
    exchange, hand = scene
    names = [
        StreamName("kline", SYMBOL, "1m"),
        *(StreamName(kind, SYMBOL) for kind in ("agg_trade", "mark_price", "book_ticker", "depth")),
    ]
    heard: dict[str, list[Any]] = {name.kind: [] for name in names}

    async def listen(group: list[StreamName]) -> None:
        async with exchange.market_stream(group, silent_after=30) as stream:
            async for each in stream:
                assert isinstance(each, Heard)
                heard[each.stream.kind].append(each.event)

    tasks = [asyncio.create_task(listen(group)) for group in exchange.together(names)]
    async with asyncio.timeout(30):
        while not (  # noqa: ASYNC110  several streams, no one event
            all(len(events) > 3 for events in heard.values()) and any(each.kline.closed for each in heard["kline"])
        ):
            await asyncio.sleep(0.05)
    await hand.fault("disconnect", stream="*")
    lost = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each.reason for each in lost if isinstance(each, StreamLost)] == ["closed"] * len(tasks)
    diffs = heard["depth"]
    assert all(after.previous == before.last for before, after in pairwise(diffs))
    closed = next(each.kline for each in heard["kline"] if each.kline.closed)
    (same,) = await exchange.klines(SYMBOL, "1m", start=closed.open_time, end=closed.open_time)
    assert (same.open, same.high, same.low, same.close, same.volume) == (
        closed.open, closed.high, closed.low, closed.close, closed.volume,
    )  # fmt: skip
