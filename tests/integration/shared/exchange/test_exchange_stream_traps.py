"""Every stream trap of python-binance and of the exchange, met on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.exchange.metrics import UNREADABLE
from shared.exchange.model.market_data import BookTicker
from shared.exchange.model.streams import Heard, KlineEvent, StreamLost, StreamName
from shared.exchange.model.user_events import AccountUpdate, Unnamed
from tests.support.exchange.stub import Answer, ExchangeStub, adapter, stub_exchange

KLINE = StreamName("kline", "BTCUSDT", "1m")
MARK = StreamName("mark_price", "BTCUSDT")
TICKER = StreamName("book_ticker", "BTCUSDT")
TASKS = ("silence watch", "listen key", "owed events", "exchange clock")
CANDLE = {
    "e": "kline", "E": 1_700_000_060_000, "s": "BTCUSDT",
    "k": {"t": 1_700_000_000_000, "T": 1_700_000_059_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "1", "c": "2",
          "h": "3", "l": "0.5", "v": "10", "n": 5, "x": True, "q": "20", "V": "4", "Q": "8", "B": "0"},
}  # fmt: skip
WALLET = {"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "ORDER", "B": [], "P": []}}


def wrapped(stream: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"stream": stream, "data": data}


@pytest.fixture
async def stub() -> AsyncIterator[ExchangeStub]:
    async with stub_exchange() as stub:
        yield stub


async def until_lost(stream: Any, seconds: float = 30.0) -> tuple[list[Any], StreamLost]:
    """What came, and how it ended."""
    heard: list[Any] = []
    async with asyncio.timeout(seconds):
        try:
            async for each in stream:
                heard.append(each)
        except StreamLost as lost:
            return heard, lost
    raise AssertionError("a stream ends by StreamLost only")


async def test_each_route_has_a_connection_of_its_own(stub: ExchangeStub) -> None:
    """DATA-1: since April 2026 a stream on the wrong route is acknowledged and silent."""
    async with adapter(stub) as exchange:
        groups = exchange.together([KLINE, TICKER, MARK, KLINE])
        assert groups == [[KLINE, MARK], [TICKER]]
        with pytest.raises(ValueError, match="cannot share"):
            exchange.market_stream([KLINE, TICKER])
        for group in groups:
            async with exchange.market_stream(group):
                pass
    assert stub.opened == [
        "/market/stream?streams=btcusdt@kline_1m/btcusdt@markPrice@1s",
        "/public/stream?streams=btcusdt@bookTicker",
    ]


async def test_frames_arrive_in_order_with_their_stream(stub: ExchangeStub) -> None:
    """DATA-1: an event with the stream that carried it and the time of its arrival."""
    async with adapter(stub) as exchange, exchange.market_stream([KLINE]) as stream:
        await stub.send(wrapped("btcusdt@kline_1m", CANDLE))
        heard = await anext(aiter(stream))
    assert heard.stream == KLINE
    assert isinstance(heard.event, KlineEvent)
    assert heard.event.kline.closed
    assert abs(asyncio.get_running_loop().time() - heard.at) < 5


async def test_silence_on_an_open_connection_is_noticed(stub: ExchangeStub) -> None:
    """DATA-4: python-binance never notices; here one stream of the connection goes silent while the other one talks."""
    async with adapter(stub) as exchange, exchange.market_stream([KLINE, MARK], silent_after=0.3) as stream:

        async def talk() -> None:
            while True:
                await stub.send(wrapped("btcusdt@kline_1m", CANDLE))
                await asyncio.sleep(0.05)

        talking = asyncio.create_task(talk())
        heard, lost = await until_lost(stream)
        talking.cancel()
    assert lost.reason == "silent"
    assert "btcusdt@markPrice@1s" in str(lost)
    assert "kline" not in str(lost)
    assert heard


async def test_a_closed_connection_ends_at_once_with_all_that_had_arrived(stub: ExchangeStub) -> None:
    """DATA-3: python-binance drops what is queued, or reconnects without a word: a gap that nobody sees."""
    async with adapter(stub) as exchange, exchange.market_stream([KLINE]) as stream:
        await stub.send(*[wrapped("btcusdt@kline_1m", CANDLE)] * 50)
        await stub.sockets[-1][1].close()
        heard, lost = await until_lost(stream, 2.0)
        assert (len(heard), lost.reason) == (50, "closed")
        with pytest.raises(StreamLost):
            await anext(aiter(stream))
    assert len(stub.opened) == 1, "nothing reconnects behind the reader's back"


async def test_a_cut_line_ends_the_stream(stub: ExchangeStub) -> None:
    """DATA-4: no close frame, no goodbye."""
    async with adapter(stub) as exchange, exchange.market_stream([KLINE]) as stream:
        transport = stub.sockets[-1][1]._req.transport  # type: ignore[union-attr]  # prepared
        transport.abort()  # type: ignore[union-attr]  # connected
        _, lost = await until_lost(stream, 2.0)
    assert lost.reason == "closed"


async def test_overflow_is_told_after_what_was_kept(stub: ExchangeStub) -> None:
    """DATA-3: python-binance's queue overflows at 100 and loses all of it, the error included."""
    async with adapter(stub, stream={"queue_frames": 100}) as exchange, exchange.market_stream([KLINE]) as stream:
        await stub.send(*[wrapped("btcusdt@kline_1m", CANDLE)] * 300)
        await stub.sockets[-1][1].ping()
        async with asyncio.timeout(30):
            while stream._socket.lost is None:  # type: ignore[attr-defined]  # noqa: ASYNC110  the adapter's own
                await asyncio.sleep(0.005)
        heard, lost = await until_lost(stream)
    assert (len(heard), lost.reason) == (100, "overflow")


async def test_a_refused_connection_says_so_and_the_next_try_may_succeed(stub: ExchangeStub) -> None:
    """DATA-4: python-binance hands out the same dead socket again; ours are new each time."""
    stub.refuse_sockets = True
    async with adapter(stub) as exchange:
        with pytest.raises(StreamLost) as lost:
            async with exchange.market_stream([KLINE]):
                pass
        assert lost.value.reason == "refused"
        stub.refuse_sockets = False
        async with exchange.market_stream([KLINE]) as stream:
            await stub.send(wrapped("btcusdt@kline_1m", CANDLE))
            assert isinstance(await anext(aiter(stream)), Heard)


async def test_leaving_a_silent_stream_is_quick_and_leaves_no_socket(stub: ExchangeStub) -> None:
    """OPS-9: python-binance takes up to ten seconds, and leaks one socket a reconnect."""
    loop = asyncio.get_running_loop()
    async with adapter(stub) as exchange:
        for _ in range(5):
            async with exchange.market_stream([KLINE], silent_after=60):
                began = loop.time()
            assert loop.time() - began < 2.0
        async with exchange.user_stream():
            pass
        async with asyncio.timeout(30):
            while stub.open_sockets:  # noqa: ASYNC110  the stub's sockets have no event
                await asyncio.sleep(0.01)
    assert not [task for task in asyncio.all_tasks() if task.get_name() in TASKS]


async def test_an_unreadable_frame_costs_itself_only(stub: ExchangeStub) -> None:
    """DATA-3: one odd frame is counted; the other streams of the connection go on."""
    broken = {key: value for key, value in CANDLE.items() if key != "E"}
    before = unreadable_frames()
    async with adapter(stub) as exchange, exchange.market_stream([KLINE]) as stream:
        await stub.send("{", wrapped("btcusdt@kline_1m", broken), wrapped("btcusdt@kline_1m", CANDLE))
        event = (await anext(aiter(stream))).event
    assert isinstance(event, KlineEvent)
    assert event.time == CANDLE["E"]
    assert unreadable_frames() == before + 2


def unreadable_frames() -> float:
    """How many frames and answers could not be read so far."""
    (family,) = UNREADABLE.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_total"))


async def test_user_stream_uses_the_private_route(stub: ExchangeStub) -> None:
    """RISK-5: with its key in the query and the events named, as of 2026; a key without events may stay silent."""
    async with adapter(stub) as exchange, exchange.user_stream() as stream:
        await stub.send(WALLET, {"e": "SOMETHING_NEW", "E": 5}, {"e": "ORDER_TRADE_UPDATE", "E": 6, "o": {}})
        events = aiter(stream)
        assert isinstance(await anext(events), AccountUpdate)
        assert await anext(events) == Unnamed(kind="SOMETHING_NEW", time=5)
        odd = await anext(events)
        assert isinstance(odd, Unnamed)
        assert not odd.readable
    (address,) = stub.opened
    assert address.startswith("/private/ws?listenKey=key-1&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/ALGO_UPDATE/")


async def test_an_expired_listen_key_ends_the_stream_at_once(stub: ExchangeStub) -> None:
    """RISK-5: the socket stays open and silent; python-binance waits for its next timer, up to 310 s."""
    async with adapter(stub) as exchange, exchange.user_stream() as stream:
        await stub.send(WALLET, {"e": "listenKeyExpired", "E": 7, "listenKey": "key-1"})
        heard, lost = await until_lost(stream, 2.0)
    assert (len(heard), lost.reason) == (1, "key_expired")


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"code": -1125, "msg": "This listenKey does not exist."}, 400),
        Answer({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401),
        Answer({"code": -9999, "msg": "A rule of next year."}, 400),
        {"listenKey": "key-2"},
    ],
    ids=["dead", "refused", "unknown", "changed"],
)
async def test_a_key_that_cannot_be_renewed_ends_the_stream(stub: ExchangeStub, answer: Any) -> None:
    """RISK-5: python-binance only logs it."""
    stub.say("PUT /fapi/v1/listenKey", answer)
    async with adapter(stub, stream={"keepalive_s": 0.1}) as exchange, exchange.user_stream() as stream:
        _, lost = await until_lost(stream, 3.0)
    assert lost.reason == "key_expired"


async def test_the_key_is_kept_alive_through_trouble(stub: ExchangeStub) -> None:
    """RISK-5: a renewal that fails is tried again; the stream goes on."""
    trouble = Answer({"code": -1001, "msg": "Internal error"}, 503)
    stub.say("PUT /fapi/v1/listenKey", *[trouble] * 4, {"listenKey": "key-1"})
    async with adapter(stub, stream={"keepalive_s": 0.02}) as exchange, exchange.user_stream() as stream:
        async with asyncio.timeout(30):
            while len(stub.calls("PUT /fapi/v1/listenKey")) < 7:  # noqa: ASYNC110  a count, not an event
                await asyncio.sleep(0.01)
        await stub.send(WALLET)
        assert isinstance(await anext(aiter(stream)), AccountUpdate)


async def test_a_book_ticker_needs_no_wrapper_of_floats(stub: ExchangeStub) -> None:
    """DATA-1: prices are the floats of the exchange's decimals."""
    frame = {"e": "bookTicker", "u": 4, "E": 1, "T": 2, "s": "BTCUSDT", "b": "100.1", "B": "1", "a": "100.2", "A": "2"}
    async with adapter(stub) as exchange, exchange.market_stream([TICKER]) as stream:
        await stub.send(wrapped("btcusdt@bookTicker", frame))
        event = (await anext(aiter(stream))).event
    assert event == BookTicker(symbol="BTCUSDT", time=2, bid=100.1, bid_quantity=1.0, ask=100.2, ask_quantity=2.0, update=4)
