"""The guardian's shell: what outcomes mean, alarms and halts over HTTP, a request that is signed (EXEC-3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from aiohttp import web

from cli.run.halting import HaltRequests
from services.guardian.hand import GuardedExchange, Hand
from services.guardian.messages import (
    Alarm,
    Answer,
    Book,
    Cancel,
    Close,
    LegKey,
    Place,
    Positions,
    ReadBook,
    ReadPositions,
    Unread,
)
from services.guardian.orders import standing
from services.guardian.settings import GuardianSettings
from services.guardian.telling import Telling
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder
from shared.exchange.open import make_guarded
from shared.exchange.outcome.outcomes import Accepted, Outcome, Refused, Uncertain
from shared.exchange.settings import ExchangeSettings
from shared.runtime.process.halt_request import HEADER, fault_of, signed

STOP = NewOrder(client_id="ictg", symbol="AUSDT", side="SELL", type="STOP_MARKET", trigger=Decimal(9), close_position=True)
KEY = LegKey("AUSDT", "BOTH")


class Scripted:
    """An exchange that answers what a test says."""

    def __init__(self, outcome: Outcome | Exception) -> None:
        self.outcome = outcome

    async def _say(self, *_: object) -> Any:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    place = cancel = _say

    async def positions(self) -> Any:
        await self._say()
        return ()

    async def conditional_orders(self, symbol: str | None = None) -> Any:
        await self._say()
        return ()


async def told(outcome: Outcome | Exception, request: Any) -> Any:
    fed: asyncio.Queue[Any] = asyncio.Queue()
    hand = Hand(cast(GuardedExchange, Scripted(outcome)), lambda: 7, fed.put_nowait)
    hand.start(request)
    try:
        return await asyncio.wait_for(fed.get(), 5)
    finally:
        await hand.end()


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Accepted(order=None), "accepted"),
        (Accepted(order=standing(STOP), stood=True), "proved"),
        (Refused(code=-4130, message="", action="refuse"), "proved"),
        (Refused(code=-2021, message="", action="refuse"), "beyond"),
        (Refused(code=-4045, message="", action="refuse"), "refused"),
        (Refused(code=-1001, message="", action="retry"), "passing"),
        (Refused(code=-2015, message="", action="halt"), "passing"),
        (Refused(code=-1003, message="banned", action="refuse"), "passing"),
        (Refused(code=0, message="never sent", action="refuse"), "passing"),
        (Refused(code=-2011, message="", action="query"), "gone"),
        (Uncertain(doubt="known_id", until=1), "accepted"),
        (Uncertain(doubt="timeout", until=1), "unknown"),
        (ExchangeError("retry", 0, "", call="POST algoOrder"), "passing"),
        (KeyError("a bug"), "unknown"),
    ],
)
async def test_every_outcome_has_its_meaning(outcome: Outcome | Exception, result: str) -> None:
    """EXEC-3, EXEC-6: what passes is told from what the exchange will not take."""
    for request in (Place(KEY, STOP), Close(KEY, STOP), Cancel(STOP.ref)):
        answer = await told(outcome, request)
        assert isinstance(answer, Answer)
        assert (answer.request, answer.result) == (request, result)


async def test_readings_carry_the_time_at_which_they_were_asked_for() -> None:
    """EXEC-3."""
    assert await told(Accepted(order=None), ReadPositions()) == Positions(asked_at=7, rows=())
    assert await told(Accepted(order=None), ReadBook("AUSDT")) == Book(symbol="AUSDT", asked_at=7, orders=())
    error = ExchangeError("retry", 0, "away", call="GET positionRisk")
    for each in (error, KeyError("a bug")):
        assert await told(each, ReadPositions()) == Unread(ReadPositions())


class Outside:
    """An HTTP server that answers by a script, and then 200; it keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[tuple[str, bytes, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append((request.path, await request.read(), request.headers.get(HEADER, "")))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


async def with_outside(outside: Outside, body: Callable[[str], Awaitable[None]]) -> None:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", outside.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        await body(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  another task's HTTP server is what changes it
            await asyncio.sleep(0.02)


async def test_an_alarm_is_posted_until_it_is_taken() -> None:
    """EXEC-3: nothing waits for it meanwhile."""
    outside = Outside(503)

    async def body(url: str) -> None:
        telling = Telling(GuardianSettings.model_validate({"webhook_url": f"{url}/hook"}), lambda: 5, lambda: True)
        await telling.start()
        posting = asyncio.create_task(telling.run())
        telling.alarm(Alarm(severity="critical", key="guardian.placed.x", text="a stop"))
        await until(lambda: len(outside.bodies) == 2)
        posting.cancel()
        await telling.close()

    await with_outside(outside, body)
    assert outside.bodies[0] == outside.bodies[1]
    assert b'"text": "a stop"' in outside.bodies[1][1]


async def test_the_heartbeat_stops_while_the_account_cannot_be_read() -> None:
    """EXEC-3: whoever waits for it then pages."""
    outside, asked = Outside(), 0

    def sees() -> bool:
        nonlocal asked
        asked += 1
        return asked == 1

    async def body(url: str) -> None:
        settings = GuardianSettings.model_validate({"heartbeat_url": f"{url}/beat", "heartbeat_every_s": 1})
        telling = Telling(settings, lambda: 5, sees)
        await telling.start()
        beating = asyncio.create_task(telling.beat())
        await until(lambda: asked == 2)
        beating.cancel()
        await telling.close()

    await with_outside(outside, body)
    assert len(outside.bodies) == 1


async def test_execution_is_asked_to_halt_until_it_does_and_not_without_a_secret() -> None:
    """EXEC-3: a standby answers 409, and may lead later."""
    outside = Outside(409)

    async def body(url: str) -> None:
        for secret in ("", "of both"):
            settings = GuardianSettings.model_validate({"halt_urls": [url], "halt_secret": secret})
            telling = Telling(settings, lambda: 1_000_000, lambda: True)
            await telling.start()
            telling.halt("a stop was placed")
            telling.halt("a stop was placed")
            if secret:
                await until(lambda: len(outside.bodies) == 2)
            await telling.close()

    await with_outside(outside, body)
    path, text, proof = outside.bodies[1]
    assert (path, fault_of(proof, "of both", 1_000_500, text)) == ("/halt", "")


def test_a_request_is_obeyed_for_a_minute_with_this_secret_and_this_text_only() -> None:
    """EXEC-3: whoever has no secret stops nothing."""
    proof = signed("s", 1_000_000, b"why")
    assert fault_of(proof, "s", 1_060_000, b"why") == ""
    assert "older than a minute" in fault_of(proof, "s", 1_060_001, b"why")
    assert "from the future" in fault_of(proof, "s", 900_000, b"why")
    assert "signature is wrong" in fault_of(proof, "s", 1_000_000, b"another")
    assert "signature is wrong" in fault_of(proof, "t", 1_000_000, b"why")
    assert "missing" in fault_of("", "s", 1_000_000, b"why")


def test_execution_obeys_where_it_trades_only() -> None:
    """EXEC-3."""

    class Trades:
        def halt(self, why: str) -> bool:
            whys.append(why)
            return True

    whys: list[str] = []

    requests = HaltRequests("s")
    proof = signed("s", time.time_ns() // 1_000_000, b"a stop")
    assert requests.obey("", b"a stop")[0] == 401
    assert requests.obey(proof, b"a stop")[0] == 409
    requests.service = cast(Any, Trades())
    assert requests.obey(proof, b"a stop")[0] == 200
    assert whys == ["asked over HTTP: a stop"]


async def test_the_guardian_ends_no_listen_key_because_it_is_the_accounts() -> None:
    """EXEC-3: execution hears by the same key. Nothing listens at this address, so that a request would fail."""
    settings = ExchangeSettings.model_validate(
        {"rest_url": "http://127.0.0.1:9", "key": "k", "secret": "s", "read_attempts": 1}
    )
    guardian = make_guarded("demo", settings)
    execution = BinanceExchange("demo", settings, None, "execution")
    try:
        await guardian._close_key()
        with pytest.raises(ExchangeError):
            await execution._close_key()
    finally:
        await guardian.close()
        await execution.close()
