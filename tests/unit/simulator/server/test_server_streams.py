"""Names of streams, and the paths that carry them (binance.md §1.2, §2.4)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.server.streams import ALL, carries, parse
from simulator.server.subscription import open_subscription

NAMES = [
    ("btcusdt@kline_1m", "kline", "BTCUSDT", 250, "market"),
    ("btcusdt_perpetual@continuousKline_1m", "continuousKline", "BTCUSDT", 250, "market"),
    ("btcusdt@aggTrade", "aggTrade", "BTCUSDT", 0, "market"),
    ("btcusdt@markPrice", "markPrice", "BTCUSDT", 3_000, "market"),
    ("btcusdt@markPrice@1s", "markPrice", "BTCUSDT", 1_000, "market"),
    ("btcusdt@ticker", "ticker", "BTCUSDT", 1_000, "market"),
    ("btcusdt@miniTicker", "miniTicker", "BTCUSDT", 1_000, "market"),
    ("btcusdt@forceOrder", "forceOrder", "BTCUSDT", 0, "market"),
    ("btcusdt@trade", "trade", "BTCUSDT", 0, "public"),
    ("btcusdt@bookTicker", "bookTicker", "BTCUSDT", 0, "public"),
    ("btcusdt@depth", "depth", "BTCUSDT", 250, "public"),
    ("btcusdt@depth@100ms", "depth", "BTCUSDT", 100, "public"),
    ("btcusdt@depth@500ms", "depth", "BTCUSDT", 500, "public"),
    ("btcusdt@depth20", "partialDepth", "BTCUSDT", 250, "public"),
    ("btcusdt@depth5@100ms", "partialDepth", "BTCUSDT", 100, "public"),
    ("!bookTicker", "bookTicker", ALL, 0, "public"),
    ("!markPrice@arr@1s", "markPrice", ALL, 1_000, "market"),
    ("!markPrice@arr", "markPrice", ALL, 3_000, "market"),
    ("!ticker@arr", "ticker", ALL, 1_000, "market"),
    ("!miniTicker@arr", "miniTicker", ALL, 1_000, "market"),
    ("!forceOrder@arr", "forceOrder", ALL, 0, "market"),
]


@pytest.mark.parametrize(("name", "kind", "symbol", "every", "category"), NAMES)
def test_a_name_says_what_comes_how_often_and_where(name: str, kind: str, symbol: str, every: int, category: str) -> None:
    """DATA-1: every stream of the reference."""
    stream = parse(name)
    assert stream is not None
    assert (stream.kind, stream.symbol, stream.every, stream.category) == (kind, symbol, every, category)
    for path in ("public", "market", "private"):
        assert carries(path, stream) == (path == category)  # type: ignore[arg-type]  # the words of the tuple are Category
    assert carries("unrouted", stream) == (category == "public")


@pytest.mark.parametrize(
    "name", ["", "btcusdt", "BTCUSDT@kline_1m", "btcusdt@kline_7m", "btcusdt@depth7", "!ticker@arr@1s", "0"]
)
def test_unknown_stream_name_is_none(name: str) -> None:
    """DATA-1: acknowledged and silent, as on the exchange."""
    assert parse(name) is None


@given(st.text(max_size=60))
def test_no_name_is_too_strange(name: str) -> None:
    """Bad input is decided at the border."""
    stream = parse(name)
    assert stream is None or stream.name == name


@pytest.mark.parametrize(
    ("path", "query", "combined", "heard"),
    [
        ("/market/ws/btcusdt@kline_1m", "", False, ["btcusdt@kline_1m"]),
        ("/market/ws/btcusdt@kline_1m/ethusdt@kline_1m", "", False, ["btcusdt@kline_1m", "ethusdt@kline_1m"]),
        ("/market/stream", "streams=btcusdt@aggTrade/btcusdt@depth", True, ["btcusdt@aggTrade"]),
        ("/public/stream", "streams=btcusdt@aggTrade/btcusdt@depth", True, ["btcusdt@depth"]),
        ("/ws/btcusdt@kline_1m", "", False, []),
        ("/stream", "streams=btcusdt@bookTicker", True, ["btcusdt@bookTicker"]),
        ("/public/ws/0", "", False, []),
    ],
)
def test_an_address_opens_the_streams_of_its_path(path: str, query: str, combined: bool, heard: list[str]) -> None:
    """DATA-1: a wrong category is silence; without a routed path only public data comes."""
    opened = open_subscription(path, query, 1_024)
    assert opened is not None
    session, names = opened
    assert session.combined is combined
    assert [stream.name for stream in session.open(names)] == heard


def test_private_addresses_name_listen_keys() -> None:
    """EXEC-4: all three forms, with a choice of events."""
    for path, query in (("/private/ws/KEY", ""), ("/private/ws", "listenKey=KEY"), ("/private/stream", "listenKey=KEY")):
        opened = open_subscription(path, query, 1_024)
        assert opened is not None
        assert opened[0].listen_keys == {"KEY": None}
    opened = open_subscription("/private/ws", "listenKey=KEY&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE", 1_024)
    assert opened is not None
    assert opened[0].wants_event("KEY", "ACCOUNT_UPDATE")
    assert not opened[0].wants_event("KEY", "ALGO_UPDATE")
    assert open_subscription("/nothing", "", 1_024) is None


def test_commands_are_answered_by_their_id() -> None:
    """DATA-1: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, properties, and what is none of them."""
    opened = open_subscription("/market/ws", "", 3)
    assert opened is not None
    session = opened[0]

    def say(method: str, *params: object) -> object:
        change = session.command(json.dumps({"method": method, "params": list(params), "id": 7}))
        assert change.answer["id"] == 7
        added.extend(stream.name for stream in change.added)
        removed.extend(stream.name for stream in change.removed)
        return change.answer.get("result", change.answer.get("error"))

    added: list[str] = []
    removed: list[str] = []
    assert say("SUBSCRIBE", "btcusdt@kline_1m", "btcusdt@bookTicker") is None
    assert say("SUBSCRIBE", "btcusdt@kline_1m") is None
    assert added == ["btcusdt@kline_1m"]
    assert say("LIST_SUBSCRIPTIONS") == ["btcusdt@kline_1m", "btcusdt@bookTicker"]
    assert say("SUBSCRIBE", "a@trade", "b@trade") == {"code": 2, "msg": "Too many streams."}
    assert say("UNSUBSCRIBE", "btcusdt@kline_1m", "btcusdt@bookTicker", "never@trade") is None
    assert removed == ["btcusdt@kline_1m"]
    assert say("SET_PROPERTY", "combined", True) is None
    assert say("GET_PROPERTY", "combined") is True
    assert say("DANCE") == {"code": 2, "msg": "Invalid request: unknown method 'DANCE'"}
    assert session.command("{").answer["error"]["code"] == 3
    assert session.command("[]").answer["error"]["code"] == 2
