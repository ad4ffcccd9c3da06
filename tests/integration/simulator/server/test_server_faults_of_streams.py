"""Faults of sockets, market events, user events, listen keys and prices, one at a time, as a bare client meets them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import aiohttp
import pytest

from tests.support.simulator.bare_client import Socket
from tests.support.simulator.fault_scene import FaultScene
from tests.support.simulator.fault_specimens import specimen_of

KLINES, OTHER = "btcusdt@kline_1m", "ethusdt@kline_1m"
DEPTH = "btcusdt@depth@100ms"


async def client_ids(socket: Socket, count: int) -> list[str]:
    """Client ids of the next order events."""
    return [(await socket.heard())["o"]["c"] for _ in range(count)]


@specimen_of("disconnect")
async def test_the_sockets_of_a_stream_are_cut(scene: FaultScene) -> None:
    """EXEC-6: the others stay."""
    struck, spared = await scene.client.socket(f"/market/ws/{KLINES}"), await scene.client.socket(f"/market/ws/{OTHER}")
    await scene.hand.fault("disconnect", stream="btc*")
    assert await struck.cut()
    await scene.hand.advance(2_000)
    assert (await spared.heard())["s"] == "ETHUSDT"


@specimen_of("refuse_streams")
async def test_new_sockets_are_refused(scene: FaultScene) -> None:
    """EXEC-6: 503; one chance a connection, however many streams it asks for."""
    await scene.hand.fault("refuse_streams", stream="btc*", nth=2, count=1)
    await scene.client.socket(f"/market/stream?streams={KLINES}/btcusdt@aggTrade")
    with pytest.raises(aiohttp.WSServerHandshakeError) as turned_away:
        await scene.client.socket(f"/market/ws/{KLINES}")
    assert turned_away.value.status == 503
    await scene.client.socket(f"/market/ws/{KLINES}")


@specimen_of("silent_streams")
async def test_streams_fall_silent_while_their_sockets_stay(scene: FaultScene) -> None:
    """EXEC-6: and speak again when the fault is lifted."""
    struck, spared = await scene.client.socket(f"/market/ws/{KLINES}"), await scene.client.socket(f"/market/ws/{OTHER}")
    await scene.hand.fault("silent_streams", stream=KLINES)
    await scene.hand.advance(5_000)
    assert (await spared.heard())["e"] == "kline"
    assert await struck.silent()
    await scene.hand.lift()
    await scene.hand.advance(5_000)
    assert (await struck.heard())["e"] == "kline"


@specimen_of("silent_route")
async def test_a_route_acknowledges_and_sends_nothing(scene: FaultScene) -> None:
    """EXEC-6: SUBSCRIBE is answered, LIST_SUBSCRIPTIONS shows it, no frame comes; another route delivers."""
    await scene.hand.fault("silent_route", route="market")
    struck, spared = await scene.client.socket("/market/ws"), await scene.client.socket(f"/public/ws/{DEPTH}")
    assert await struck.say(method="SUBSCRIBE", params=[KLINES], id=1) == {"result": None, "id": 1}
    assert await struck.say(method="LIST_SUBSCRIPTIONS", id=2) == {"result": [KLINES], "id": 2}
    await scene.hand.advance(2_000)
    assert (await spared.heard())["e"] == "depthUpdate"
    assert await struck.silent()
    assert struck.open
    await scene.hand.lift()
    await scene.hand.advance(2_000)
    assert (await struck.heard())["e"] == "kline"


@specimen_of("silent_route")
async def test_the_private_route_acknowledges_and_sends_nothing(scene: FaultScene) -> None:
    """EXEC-6: the user's socket is open, orders are filled, nothing is told."""
    user = await scene.client.user()
    await scene.hand.fault("silent_route", route="private")
    await scene.client.rest_limit("one")
    assert await user.silent()
    await scene.hand.lift()
    await scene.client.rest_limit("two")
    assert await client_ids(user, 1) == ["two"]


@specimen_of("lost_market_events")
async def test_one_lost_depth_event_is_a_gap(scene: FaultScene) -> None:
    """EXEC-6: the third is lost; ``pu`` of the fourth is not ``u`` of the second."""
    socket = await scene.client.socket(f"/public/ws/{DEPTH}")
    await scene.hand.fault("lost_market_events", stream=DEPTH, nth=3, count=1)
    await scene.hand.advance(500)
    events = [await socket.heard() for _ in range(4)]
    assert [before["u"] != after["pu"] for before, after in pairwise(events)] == [False, True, False]


@specimen_of("duplicate_market_events")
async def test_market_events_come_twice(scene: FaultScene) -> None:
    """EXEC-6: word for word."""
    socket = await scene.client.socket(f"/public/ws/{DEPTH}")
    await scene.hand.fault("duplicate_market_events", stream=DEPTH)
    await scene.hand.advance(200)
    assert await socket.heard() == await socket.heard()


@specimen_of("duplicate_user_events")
async def test_user_events_come_twice(scene: FaultScene) -> None:
    """EXEC-6: those of the symbol that is aimed at, and no others."""
    user = await scene.client.user()
    await scene.hand.fault("duplicate_user_events", stream="ORDER_TRADE_UPDATE", symbol="BTCUSDT")
    await scene.client.rest_limit()
    assert await user.heard() == await user.heard()
    await scene.client.rest_limit("two", symbol="ETHUSDT", quantity="1")
    await scene.client.rest_limit("three")
    assert await client_ids(user, 3) == ["two", "three", "three"]


@specimen_of("reorder_user_events")
async def test_user_events_overtake_each_other(scene: FaultScene) -> None:
    """EXEC-6: the first comes after its successor."""
    user = await scene.client.user()
    await scene.hand.fault("reorder_user_events", ms=200)
    await scene.client.rest_limit("one")
    await scene.client.rest_limit("two")
    assert await client_ids(user, 2) == ["two", "one"]


@specimen_of("late_user_events")
async def test_user_events_come_late(scene: FaultScene) -> None:
    """EXEC-6: silence first."""
    user = await scene.client.user()
    await scene.hand.fault("late_user_events", ms=600)
    await scene.client.rest_limit()
    assert await user.silent()
    assert await client_ids(user, 1) == ["one"]


@specimen_of("lost_user_events")
async def test_the_second_user_event_is_lost(scene: FaultScene) -> None:
    """EXEC-6: nth and count."""
    user = await scene.client.user()
    await scene.hand.fault("lost_user_events", nth=2, count=1)
    for name in ("one", "two", "three"):
        await scene.client.rest_limit(name)
    assert await client_ids(user, 2) == ["one", "three"]


@specimen_of("expire_listen_key")
async def test_an_expired_listen_key_says_so_and_falls_silent(scene: FaultScene) -> None:
    """EXEC-6: the connection stays; only a new key hears again."""
    user = await scene.client.user()
    await scene.hand.fault("expire_listen_key")
    assert (await user.heard())["e"] == "listenKeyExpired"
    await scene.client.rest_limit()
    assert await user.silent()
    assert user.open
    assert (await scene.client.ask("PUT", "/fapi/v1/listenKey", signed=False)).code == -1125
    again = await scene.client.user()
    await scene.client.rest_limit("two")
    assert await client_ids(again, 1) == ["two"]


@specimen_of("listen_key_refused")
async def test_a_listen_key_that_cannot_be_renewed_is_dead_without_a_word(scene: FaultScene) -> None:
    """EXEC-6: -1125 at the second PUT, no listenKeyExpired; POST gives another key, and only its socket hears."""
    user, first = await scene.client.user(), await scene.client.listen_key()
    await scene.hand.fault("listen_key_refused", nth=2, count=1)
    await scene.client.get_key("PUT")
    refused = await scene.client.ask("PUT", "/fapi/v1/listenKey", signed=False)
    assert (refused.status, refused.body) == (400, {"code": -1125, "msg": "This listenKey does not exist."})
    await scene.client.rest_limit()
    assert await user.silent()
    assert user.open
    second = await scene.client.listen_key()
    assert second != first
    again = await scene.client.user()
    await scene.client.rest_limit("two")
    assert await client_ids(again, 1) == ["two"]
    await scene.client.get_key("PUT")


@specimen_of("price_spike")
async def test_the_price_jumps_and_comes_back(scene: FaultScene) -> None:
    """EXEC-6: the candle keeps the wick."""
    price = await scene.client.price()
    await scene.hand.fault("price_spike", symbol="BTCUSDT", percent=-10, lasts_ms=3_000)
    struck = await scene.client.price()
    assert struck / price == pytest.approx(Decimal("0.9"), rel=Decimal("0.001"))
    await scene.hand.advance(3_000)
    assert await scene.client.price() / price == pytest.approx(Decimal(1), rel=Decimal("0.01"))
    rows = await scene.client.get("/fapi/v1/klines", signed=False, symbol="BTCUSDT", interval="1m", limit=2)
    assert min(Decimal(row[3]) for row in rows) <= struck
