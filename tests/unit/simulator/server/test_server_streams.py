"""Names of streams, and the paths that carry them (binance.md §1.2, §2.4)."""

from __future__ import annotations

import json
from typing import Any

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


def heard(path: str, query: str, kind: str, *, strict: bool = False) -> str | None:
    """The name under which an event of listen key KEY is sent to a connection with this address."""
    opened = open_subscription(path, query, 1_024, strict=strict)
    assert opened is not None
    opened[0].open(opened[1])
    return opened[0].heard_as("KEY", kind)


@pytest.mark.parametrize(
    ("path", "query", "everything", "orders", "strict_orders"),
    [
        ("/private/ws/KEY", "", "KEY", "KEY", None),
        ("/private/ws", "listenKey=KEY", "KEY", "KEY", None),
        ("/private/stream", "listenKey=KEY", "KEY", "KEY", None),
        ("/private/stream", "streams=KEY", "KEY", "KEY", None),
        ("/ws/KEY", "", "KEY", "KEY", None),
        ("/stream", "streams=KEY", "KEY", "KEY", None),
        ("/private/ws", "listenKey=KEY&events=ORDERS", None, "KEY@ORDERS", "KEY@ORDERS"),
        ("/private/stream", "listenKey=OTHER&events=X&listenKey=KEY&events=X/ORDERS", None, "KEY@ORDERS", "KEY@ORDERS"),
        ("/private/stream", "listenKey=KEY&events=X&listenKey=OTHER", None, None, None),
        ("/private/stream", "streams=KEY@ORDERS/KEY@X", None, "KEY@ORDERS", "KEY@ORDERS"),
        ("/ws", "listenKey=KEY&events=ORDERS", None, "KEY@ORDERS", None),
        ("/market/ws", "listenKey=KEY", None, None, None),
        ("/public/stream", "streams=KEY", None, None, None),
        ("/private/ws", "events=ORDERS", None, None, None),
    ],
)
def test_an_address_names_listen_keys_and_their_events(
    path: str, query: str, everything: str | None, orders: str | None, strict_orders: str | None
) -> None:
    """EXEC-4: every form of the documents; strict: those that users have seen events on."""
    assert heard(path, query, "ANYTHING") == everything
    assert heard(path, query, "ORDERS") == orders
    assert heard(path, query, "ORDERS", strict=True) == strict_orders
    assert open_subscription("/nothing", "", 1_024) is None


def test_the_end_of_a_key_is_told_whatever_was_chosen_unless_strict() -> None:
    """EXEC-4: a filter of events does not hide that no more will come."""
    assert heard("/private/ws", "listenKey=KEY&events=ORDERS", "listenKeyExpired") == "KEY@ORDERS"
    assert heard("/private/ws", "listenKey=KEY&events=ORDERS", "listenKeyExpired", strict=True) is None
    assert heard("/private/ws", "listenKey=KEYS&events=ORDERS", "listenKeyExpired") is None


def test_commands_are_answered_by_their_id() -> None:
    """DATA-1: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, properties, and what is none of them."""
    opened = open_subscription("/market/ws", "", 3)
    assert opened is not None
    session = opened[0]

    def say(method: str, *params: object) -> Any:
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
    assert say("DANCE")["msg"].startswith("Invalid request: unknown variant 'DANCE', expected one of `SUBSCRIBE`")
    assert session.command("{").answer["error"]["code"] == 3
    assert session.command("[" * 100_000).answer["error"]["code"] == 3
    assert session.command("[]").answer["error"]["code"] == 2


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ({"method": "SUBSCRIBE", "id": 1}, 2, "missing field `params`"),
        ({"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 1}, 2, "invalid type: string, expected a sequence"),
        ({"method": "SUBSCRIBE", "params": {"a": 1}, "id": 1}, 2, "invalid type: map, expected a sequence"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade", 5], "id": 1}, 2, "integer `5`, expected a string"),
        ({"method": "SUBSCRIBE", "params": [["btcusdt@trade"]], "id": 1}, 2, "sequence, expected a string"),
        ({"method": "UNSUBSCRIBE", "params": [None], "id": 1}, 2, "null, expected a string"),
        ({"method": "UNSUBSCRIBE", "params": [True], "id": 1}, 2, "boolean `true`, expected a string"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1.5}, 2, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": -1}, 2, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": True}, 2, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": [1]}, 2, "request ID must be an unsigned integer"),
        ({"method": 5, "params": [], "id": 1}, 2, "unknown variant 5"),
        ({"method": ["SUBSCRIBE"], "params": [], "id": 1}, 2, "unknown variant ['SUBSCRIBE']"),
        ({"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined"], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["color", True], "id": 1}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": [1, True], "id": 1}, 2, "property name must be a string"),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2, "too many parameters"),
        ({"method": "GET_PROPERTY", "id": 1}, 2, "property name must be a string"),
        ({"method": "GET_PROPERTY", "params": ["color"], "id": 1}, 0, "Unknown property"),
    ],
)
def test_a_command_with_wrong_types_is_refused_and_changes_nothing(command: object, code: int, words: str) -> None:
    """DATA-1: the error codes of the documents; nothing is subscribed by halves."""
    opened = open_subscription("/public/ws", "", 1_024)
    assert opened is not None
    change = opened[0].command(json.dumps(command))
    assert change.answer["error"]["code"] == code
    assert words in change.answer["error"]["msg"]
    assert (change.added, change.removed, list(opened[0].names)) == ([], [], [])


@pytest.mark.parametrize("number", [0, 7, 2**63, "a text", None])
def test_ids_of_commands_are_whole_numbers_texts_or_none(number: object) -> None:
    """DATA-1: the official SDK sends texts."""
    opened = open_subscription("/public/ws", "", 1_024)
    assert opened is not None
    answer = opened[0].command(json.dumps({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": number})).answer
    assert answer == {"result": None, "id": number}
