"""The user stream at the real protocol: dead keys and silent forms cost a new key, a new socket and a statement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

from tests.support.gateway.desk import ENTRY
from tests.support.gateway.simulator_scene import gateway_at_the_simulator

NEW_KEY = "POST /fapi/v1/listenKey"
STATEMENT = ("GET /fapi/v3/balance", "GET /fapi/v3/positionRisk", "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders")


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait for something that only a page tells."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  a page to ask, no event
            await asyncio.sleep(0.05)


async def test_a_key_that_cannot_be_renewed_leads_to_a_new_key_a_new_socket_and_a_statement() -> None:
    """RISK-5: the socket of a dead key stays open and silent; account and open orders are read again."""
    async with gateway_at_the_simulator(stream={"keepalive_s": 0.5}, account_every_s=300) as scene:
        await scene.desk.place(ENTRY)
        await scene.desk.place(scene.stop)
        await scene.desk.until(lambda: scene.desk.position() != 0)
        before = {call: await scene.requests(call) for call in (NEW_KEY, *STATEMENT)}
        await scene.hand.fault("listen_key_refused", count=1)

        async def asked_again() -> bool:
            return all([await scene.requests(call) > count for call, count in before.items()]) and scene.trouble() == ""

        await until(asked_again)
        news = len(scene.desk.news)
        closing = msgspec.structs.replace(ENTRY, client_id="ict-close", side="SELL", reduce_only=True)
        await scene.desk.place(closing)
        await scene.desk.until(lambda: len(scene.desk.news) > news and scene.desk.position() == 0)
        filled: Counter[str] = Counter()  # an order may fill in parts
        for fill in (fill for event in scene.desk.events for fill in event.fills):
            filled[fill.client_id] += int(fill.quantity * 1_000)
    assert filled == {"ict-entry": 10, "ict-close": 10}, "told by the new socket, once"


async def test_orders_that_do_not_show_on_the_stream_open_it_anew() -> None:
    """RISK-5, EXEC-4: connected and silent; found out by the first order, whose fill is then read by REST."""
    quick = {"order_shows_within_s": 0.5}
    async with gateway_at_the_simulator(stream=quick, account_every_s=300, hold_ms=10_000) as scene:
        await scene.hand.fault("silent_streams", stream="private")
        keys = await scene.requests(NEW_KEY)
        await scene.desk.place(ENTRY)

        async def opened_anew() -> bool:
            return await scene.requests(NEW_KEY) > keys

        await until(opened_anew)
        await scene.desk.until(lambda: scene.desk.position() == ENTRY.quantity)


async def test_a_form_that_the_exchange_does_not_serve_is_found_out_by_the_first_order() -> None:
    """RISK-5: users report that a key in the path connects and gets nothing; with its events named it delivers."""
    strict = {"strict_user_streams": True}
    async with gateway_at_the_simulator(stream={"order_shows_within_s": 0.5}, server=strict, account_every_s=300) as scene:
        forms = scene.exchange._user.forms
        assert forms.current == "query"
        await scene.desk.place(ENTRY)
        await scene.desk.until(lambda: scene.desk.position() == ENTRY.quantity)
        assert forms.current == "query", "the first form is served"
        while forms.current != "path":
            forms.silent(forms.current)
        keys = await scene.requests(NEW_KEY)
        await scene.hand.fault("disconnect", stream="private")

        async def opened_anew() -> bool:
            return await scene.requests(NEW_KEY) > keys and scene.trouble() == ""

        await until(opened_anew)
        closing = msgspec.structs.replace(ENTRY, client_id="ict-close", side="SELL", reduce_only=True)
        await scene.desk.place(closing)
        async with asyncio.timeout(20):
            while forms.current == "path":  # noqa: ASYNC110  the adapter tells nobody
                await asyncio.sleep(0.02)
        assert forms.current == "query"
        await scene.desk.until(lambda: scene.desk.position() == 0)
