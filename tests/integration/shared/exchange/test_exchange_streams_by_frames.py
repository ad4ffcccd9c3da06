"""A subscription is verified by frames: what is acknowledged and silent is subscribed in another form, and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.streams import StreamKind, StreamLost, StreamName
from shared.exchange.model.user_events import AccountUpdate
from tests.support.exchange.stub import Answer, ExchangeStub, adapter, stub_exchange

KLINE = StreamName("kline", "BTCUSDT", "1m")
MARK = StreamName("mark_price", "BTCUSDT")
FORCED = StreamName("liquidation", "BTCUSDT")
CADENCE: dict[StreamKind, float] = {"mark_price": 0.1, "kline": 30.0}
MARKED = {"e": "markPriceUpdate", "E": 1, "s": "BTCUSDT", "p": "100", "i": "100", "r": "0.0001", "T": 2}
WRAPPED = {"stream": "btcusdt@markPrice@1s", "data": MARKED}
WALLET = {"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "ORDER", "B": [], "P": []}}
ENTRY = NewOrder(client_id="ict-1", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.001"))
PLACED = {
    "orderId": 7, "symbol": "BTCUSDT", "status": "FILLED", "clientOrderId": "ict-1", "price": "0", "origQty": "0.001",
    "executedQty": "0.001", "cumQty": "0.001", "timeInForce": "GTC", "type": "MARKET", "origType": "MARKET",
    "reduceOnly": False, "closePosition": False, "side": "BUY", "positionSide": "BOTH", "stopPrice": "0",
    "workingType": "CONTRACT_PRICE", "priceProtect": False, "updateTime": 1_700_000_000_000,
}  # fmt: skip


@pytest.fixture
async def stub() -> AsyncIterator[ExchangeStub]:
    async with stub_exchange() as stub:
        yield stub


async def pass_time(seconds: float) -> None:
    """Let so much time pass on the clock by which the adapter judges."""
    time = asyncio.get_running_loop().time
    end = time() + seconds
    while time() < end:  # noqa: ASYNC110  the passing of time is no event
        await asyncio.sleep(0.005)


async def silent_connection(exchange: BinanceExchange) -> None:
    """Open, hear nothing for longer than the cadence, leave: as a reader's watchdog does."""
    async with exchange.market_stream([MARK], cadence=CADENCE):
        await pass_time(0.12)


async def first_frame(exchange: BinanceExchange, stub: ExchangeStub, frame: dict[str, Any]) -> None:
    """Open, and take one frame."""
    async with exchange.market_stream([MARK], cadence=CADENCE) as stream:
        reading = aiter(stream)
        await stub.send(frame)
        assert (await anext(reading)).stream == MARK


async def test_a_silent_form_is_left_and_the_one_that_delivers_is_remembered(stub: ExchangeStub) -> None:
    """DATA-4: the address is acknowledged and silent, the SUBSCRIBE command delivers, also for later connections."""
    async with adapter(stub) as exchange:
        await silent_connection(exchange)
        await first_frame(exchange, stub, WRAPPED)
        await first_frame(exchange, stub, WRAPPED)
    assert stub.opened == ["/market/stream?streams=btcusdt@markPrice@1s", "/market/stream", "/market/stream"]
    assert [msgspec.json.decode(each)["params"] for each in stub.commands] == [["btcusdt@markPrice@1s"]] * 2


async def test_names_in_the_path_bring_events_without_a_wrapper(stub: ExchangeStub) -> None:
    """DATA-1, DATA-4: the last form; each event is told under the stream that it belongs to."""
    async with adapter(stub) as exchange:
        await silent_connection(exchange)
        await silent_connection(exchange)
        await first_frame(exchange, stub, MARKED)
    assert stub.opened[-1] == "/market/ws/btcusdt@markPrice@1s"


async def test_an_acknowledgement_is_no_frame(stub: ExchangeStub) -> None:
    """DATA-4: SUBSCRIBE is answered, nothing follows: that form is left too."""
    async with adapter(stub) as exchange:
        await silent_connection(exchange)
        async with exchange.market_stream([MARK], cadence=CADENCE) as stream:
            reading = asyncio.create_task(anext(aiter(stream)))
            await pass_time(0.15)
            reading.cancel()
        assert exchange._forms["market"].current == "path"
    assert len(stub.commands) == 1


async def test_a_refused_command_ends_the_connection_and_the_next_one_asks_otherwise(stub: ExchangeStub) -> None:
    """DATA-4: with the exchange's words."""
    stub.reply = '{"error":{"code":2,"msg":"Too many streams."},"id":1}'
    async with adapter(stub) as exchange:
        await silent_connection(exchange)
        with pytest.raises(StreamLost, match="Too many streams") as lost:
            async with exchange.market_stream([MARK], cadence=CADENCE) as stream:
                await anext(aiter(stream))
        assert lost.value.reason == "refused"
        await first_frame(exchange, stub, MARKED)


async def test_one_kind_that_never_speaks_is_enough_and_rare_kinds_are_not_waited_for(stub: ExchangeStub) -> None:
    """DATA-4: a kind on the wrong route is silent beside others that deliver; liquidations may be hours away."""
    quick: dict[StreamKind, float] = {"mark_price": 5.0, "kline": 0.1}
    async with adapter(stub) as exchange:
        async with exchange.market_stream([MARK, FORCED], cadence=quick) as stream:
            await stub.send(WRAPPED)
            await anext(aiter(stream))
            await pass_time(0.12)
        assert exchange._forms["market"].current == "query"
        async with exchange.market_stream([MARK, KLINE], cadence=quick) as stream:
            await stub.send(WRAPPED)
            await anext(aiter(stream))
            await pass_time(0.12)
        assert exchange._forms["market"].silent("query") == "subscribe", "the second silence in a row of a proven form"


async def test_a_connection_that_ends_early_says_nothing_of_its_form(stub: ExchangeStub) -> None:
    """DATA-4: it had no time to speak."""
    async with adapter(stub) as exchange:
        async with exchange.market_stream([MARK], cadence={"mark_price": 30.0}):
            pass
        assert exchange._forms["market"].current == "query"


async def test_an_order_that_does_not_show_changes_the_user_streams_form(stub: ExchangeStub) -> None:
    """RISK-5: connected, acknowledged, and silent about an order that the exchange has accepted."""
    stub.say("POST /fapi/v1/order", PLACED)
    async with adapter(stub, stream={"order_shows_within_s": 0.2}) as exchange:
        async with exchange.user_stream() as stream:
            await exchange.place(ENTRY)
            with pytest.raises(StreamLost, match="an order was accepted") as lost:
                await anext(aiter(stream))
        assert lost.value.reason == "silent"
        for _ in range(2):
            async with exchange.user_stream() as stream:
                await stub.send(WALLET)
                assert isinstance(await anext(aiter(stream)), AccountUpdate)
    assert stub.opened[0].startswith("/private/ws?listenKey=key-1&events=")
    assert stub.opened[1:] == ["/private/ws", "/private/ws"], "what delivered is used again"
    assert msgspec.json.decode(stub.commands[0])["params"][:2] == ["key-1@ORDER_TRADE_UPDATE", "key-1@ACCOUNT_UPDATE"]


async def test_a_stream_that_shows_the_order_goes_on(stub: ExchangeStub) -> None:
    """RISK-5: a quiet account is no reason to reconnect."""
    stub.say("POST /fapi/v1/order", PLACED)
    async with adapter(stub, stream={"order_shows_within_s": 0.2}) as exchange, exchange.user_stream() as stream:
        reading = aiter(stream)
        await exchange.place(ENTRY)
        await stub.send(WALLET)
        await anext(reading)
        await pass_time(0.4)
        await stub.send(WALLET)
        assert isinstance(await anext(reading), AccountUpdate)
    assert len(stub.opened) == 1


async def test_a_key_that_was_refused_is_not_used_again(stub: ExchangeStub) -> None:
    """RISK-5: the exchange repeats a key as long as it lives; it is ended there, so that the next one is new."""
    stub.say("PUT /fapi/v1/listenKey", Answer({"code": -1125, "msg": "This listenKey does not exist."}, 400))
    stub.say("DELETE /fapi/v1/listenKey", {})
    stub.say("POST /fapi/v1/listenKey", {"listenKey": "key-1"}, {"listenKey": "key-1"}, {"listenKey": "key-2"})
    async with adapter(stub, stream={"keepalive_s": 0.1}) as exchange:
        with pytest.raises(StreamLost) as lost:
            async with exchange.user_stream() as stream:
                await anext(aiter(stream))
        assert lost.value.reason == "key_expired"
        async with exchange.user_stream():
            pass
    assert len(stub.calls("DELETE /fapi/v1/listenKey")) == 1
    assert ["key-1" in stub.opened[0], "key-2" in stub.opened[1]] == [True, True]
