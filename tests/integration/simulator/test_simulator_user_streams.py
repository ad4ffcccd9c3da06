"""In which forms a client gets the account's events, seen by one that knows no library."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simulator.server.serving import Server
from tests.support.simulator.bare_client import BareClient, bare_client
from tests.support.simulator.protocol_server import STEP, a_hand, a_server

ORDER, ACCOUNT = "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with a_server(speed=STEP) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BareClient]:
    async with bare_client(server) as client:
        yield client


@pytest.fixture
async def strict_client() -> AsyncIterator[BareClient]:
    async with a_server(speed=STEP, strict_user_streams=True) as server, bare_client(server) as client:
        yield client


@pytest.mark.parametrize("path", ["/private/ws", "/ws"])
async def test_a_subscribed_listen_key_delivers_raw_events(client: BareClient, path: str) -> None:
    """EXEC-4: binance-futures-connector subscribes to user data in no other way."""
    key = await client.listen_key()
    socket = await client.socket(path)
    assert await socket.say(method="SUBSCRIBE", params=[key], id=1) == {"result": None, "id": 1}
    await client.market()
    for kind in (ORDER, ACCOUNT):
        assert (await socket.heard_until(kind))["e"] == kind


@pytest.mark.parametrize("path", ["/private/stream", "/stream"])
async def test_a_subscribed_listen_key_delivers_events_under_its_own_name(client: BareClient, path: str) -> None:
    """EXEC-4: the official SDK finds its callback by the field ``stream``, which is the listen key; its ids are texts."""
    key = await client.listen_key()
    socket = await client.socket(path)
    name = "6a2f41a3-c54c-4f52-8f6e-2d3e6d7f0a11"
    assert await socket.say(method="SUBSCRIBE", params=[key], id=name) == {"result": None, "id": name}
    await client.market()
    message = await socket.heard()
    assert message["stream"] == key
    assert message["data"]["e"]


async def test_an_unsubscribed_listen_key_is_silent(client: BareClient) -> None:
    """EXEC-4: UNSUBSCRIBE ends what SUBSCRIBE began; the other subscriptions go on."""
    key = await client.listen_key()
    socket, other = await client.socket("/private/ws"), await client.socket(f"/private/ws/{key}")
    await socket.say(method="SUBSCRIBE", params=[key], id=1)
    await socket.say(method="UNSUBSCRIBE", params=[key], id=2)
    await client.market()
    await other.heard()
    assert await socket.silent()


async def test_event_items_choose_the_kinds_of_events(client: BareClient) -> None:
    """EXEC-4: `<listenKey>@<event>` as a parameter, and listed so when the URL chose the events."""
    key = await client.listen_key()
    socket = await client.socket("/private/stream")
    await socket.say(method="SUBSCRIBE", params=[f"{key}@{ACCOUNT}"], id=1)
    await client.market()
    message = await socket.heard()
    assert (message["stream"], message["data"]["e"]) == (f"{key}@{ACCOUNT}", ACCOUNT)
    assert await socket.silent()
    chosen = await client.socket(f"/private/ws?listenKey={key}&events={ORDER}/{ACCOUNT}")
    listed = await chosen.say(method="LIST_SUBSCRIPTIONS", id=2)
    assert listed["result"] == [f"{key}@{ACCOUNT}", f"{key}@{ORDER}"]


@pytest.mark.parametrize("path", ["/market/ws", "/public/stream"])
async def test_user_data_on_a_path_of_market_data_is_acknowledged_and_silent(client: BareClient, path: str) -> None:
    """EXEC-4: the wrong category, as for every stream."""
    key = await client.listen_key()
    socket, right = await client.socket(f"{path}?listenKey={key}"), await client.socket(f"/private/ws?listenKey={key}")
    assert (await socket.say(method="SUBSCRIBE", params=[key], id=1))["result"] is None
    await client.market()
    await right.heard()
    assert await socket.silent()


async def test_a_listen_key_of_nobody_is_acknowledged_and_silent(client: BareClient) -> None:
    """EXEC-4: an acknowledgement says nothing about a key."""
    socket, right = await client.socket("/private/ws"), await client.socket(f"/private/ws/{await client.listen_key()}")
    assert (await socket.say(method="SUBSCRIBE", params=["0" * 64], id=1))["result"] is None
    await client.market()
    await right.heard()
    assert await socket.silent()


@pytest.mark.parametrize("form", ["SUBSCRIBE", f"/private/ws?listenKey=KEY&events={ORDER}"])
async def test_a_key_that_expires_says_so_in_every_form(server: Server, client: BareClient, form: str) -> None:
    """EXEC-4: listenKeyExpired comes also where it was not chosen; after it the socket is silent."""
    key = await client.listen_key()
    socket = await client.socket("/private/ws" if form == "SUBSCRIBE" else form.replace("KEY", key))
    if form == "SUBSCRIBE":
        await socket.say(method="SUBSCRIBE", params=[key], id=1)
    async with a_hand(server) as hand:
        await hand.fault("expire_listen_key")
    assert (await socket.heard())["listenKey"] == key
    await client.market()
    assert await socket.silent()


@pytest.mark.parametrize(
    "path",
    [
        f"/private/ws?listenKey=KEY&events={ORDER}/{ACCOUNT}",
        f"/private/stream?listenKey=KEY&events={ORDER}",
        f"/private/stream?streams=KEY@{ORDER}",
    ],
)
async def test_strict_delivers_where_users_have_seen_events(strict_client: BareClient, path: str) -> None:
    """EXEC-4: `--strict`: the forms that name events, on the private path."""
    key = await strict_client.listen_key()
    socket = await strict_client.socket(path.replace("KEY", key))
    await strict_client.market()
    message = await socket.heard()
    assert message.get("data", message)["e"] in (ORDER, ACCOUNT)


@pytest.mark.parametrize(
    "path", ["/private/ws/KEY", "/private/ws?listenKey=KEY", "/private/stream?listenKey=KEY", "/ws/KEY", "SUBSCRIBE"]
)
async def test_strict_is_silent_where_users_have_seen_nothing(strict_client: BareClient, path: str) -> None:
    """EXEC-4: `--strict`: a key without events, in the path, or without the private path connects and gets nothing."""
    key = await strict_client.listen_key()
    socket = await strict_client.socket("/private/ws" if path == "SUBSCRIBE" else path.replace("KEY", key))
    right = await strict_client.socket(f"/private/ws?listenKey={key}&events={ORDER}")
    if path == "SUBSCRIBE":
        assert (await socket.say(method="SUBSCRIBE", params=[key], id=1))["result"] is None
    await strict_client.market()
    await right.heard()
    assert await socket.silent()
