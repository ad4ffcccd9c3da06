"""The health server, asked over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter

from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.health import HealthServer

#: Seconds within which the server is gone, whatever its clients do.
STOP_BOUND = 2.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Asked:
    def __init__(self, server: HealthServer, port: int, session: aiohttp.ClientSession) -> None:
        self.server, self._port, self._session = server, port, session

    async def get(self, path: str, accept: str = "") -> aiohttp.ClientResponse:
        async with self._session.get(f"http://127.0.0.1:{self._port}{path}", headers={"Accept": accept}) as answer:
            await answer.read()
            return answer

    async def readyz(self) -> tuple[int, object]:
        answer = await self.get("/readyz")
        return answer.status, await answer.json()


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    registry = CollectorRegistry()
    Counter("ict_orders", "orders", registry=registry).inc(3)
    port = free_port()
    server = HealthServer("127.0.0.1", port, registry)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Asked(server, port, session)
    await server.stop()


async def test_ready_means_started_healthy_and_not_draining_and_says_which_of_them_fails(asked: Asked) -> None:
    """OPS-2: traffic and dependants follow readiness; every failing check is named."""
    healthy = {"bus": True, "store": True}
    asked.server.check("bus", lambda: healthy["bus"])
    asked.server.check("store", lambda: healthy["store"])
    checks = {"bus": True, "store": True}
    assert await asked.readyz() == (503, {"ready": False, "started": False, "draining": False, "checks": checks})
    asked.server.ready()
    assert await asked.readyz() == (200, {"ready": True, "started": True, "draining": False, "checks": checks})
    healthy["bus"] = False
    assert await asked.readyz() == (
        503, {"ready": False, "started": True, "draining": False, "checks": {"bus": False, "store": True}}
    )  # fmt: skip
    healthy["bus"] = True
    asked.server.draining()
    assert await asked.readyz() == (503, {"ready": False, "started": True, "draining": True, "checks": checks})


async def test_a_check_may_say_what_is_wrong(asked: Asked) -> None:
    """OPS-2: whoever looks at /readyz reads the reason."""
    trouble = ["the user stream is down"]
    asked.server.check("exchange", lambda: trouble[0] if trouble else True)
    asked.server.ready()
    status, answer = await asked.readyz()
    assert (status, answer["checks"]) == (503, {"exchange": "the user stream is down"})
    trouble.clear()
    status, answer = await asked.readyz()
    assert (status, answer["checks"]) == (200, {"exchange": True})


async def test_alive_is_never_a_question_of_the_broker(asked: Asked) -> None:
    """OPS-2: a supervisor that restarted services because the broker is away would make it worse."""
    asked.server.check("bus", lambda: False)
    answer = await asked.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"alive": True})


async def test_a_check_that_raises_is_a_check_that_fails(asked: Asked) -> None:
    def broken() -> bool:
        raise RuntimeError("no connection")

    asked.server.check("store", broken)
    asked.server.ready()
    status, answer = await asked.readyz()
    assert status == 503
    assert isinstance(answer, dict)
    assert answer["checks"] == {"store": "RuntimeError: no connection"}


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
async def test_metrics_come_in_the_form_that_prometheus_asks_for(asked: Asked, accept: str) -> None:
    answer = await asked.get("/metrics", accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text" if accept else "text/plain")
    assert "ict_orders_total 3.0" in await answer.text()


async def test_port_zero_is_no_server_and_everything_else_works() -> None:
    server = HealthServer("127.0.0.1", 0)
    await server.start()
    server.ready()
    assert server.readiness()[0]
    await server.stop()


async def test_a_port_that_is_taken_ends_the_process_with_a_sentence(asked: Asked) -> None:
    with pytest.raises(Leave, match=r"http\.port: cannot listen on") as caught:
        await HealthServer("127.0.0.1", asked._port).start()
    assert caught.value.code == Exit.UNREACHABLE


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20,  # and reads none of the answers
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",  # and keeps the connection
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx",  # and never sends the rest of its body
        b"GET /readyz HTTP/1.1\r\nHo",  # and never sends the rest of its headers
    ],
    ids=["reads nothing", "keeps the connection", "body never ends", "headers never end"],
)
async def test_stop_with_hanging_client_ends_in_time(request_bytes: bytes) -> None:
    """OPS-2: SIGTERM ends the process whatever a scraper does with its connection."""
    registry = CollectorRegistry()
    Counter("ict_large", "x" * 4_000_000, registry=registry)  # more than the buffers of both sockets hold
    port = free_port()
    server = HealthServer("127.0.0.1", port, registry)
    await server.start()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, request_bytes)
        if b"\r\n\r\n" in request_bytes:
            assert (await loop.sock_recv(client, 12)) == b"HTTP/1.1 200"  # it is being answered
        async with asyncio.timeout(STOP_BOUND):
            await server.stop()


class Part(msgspec.Struct):
    price: Decimal


async def test_state_shows_each_part_readiness_and_which_process_this_is(asked: Asked) -> None:
    """OPS-3: `ict status` reads it; amounts are exact, and a part that another process has is null."""
    asked.server.check("bus", lambda: "is away")
    asked.server.ready()
    asked.server.show("risk", "host-1", lambda: {"risk": Part(Decimal("0.10"))})
    asked.server.show("execution", "host-1", lambda: {"execution": None})
    answer = await asked.get("/state")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert await answer.json() == {
        "version": 1,
        "services": ["risk", "execution"],
        "replica": "host-1",
        "ready": False,
        "started": True,
        "draining": False,
        "checks": {"bus": "is away"},
        "state": {"execution": None, "risk": {"price": "0.10"}},
    }


async def test_state_is_read_at_each_request_and_only_read(asked: Asked) -> None:
    """OPS-3: there is no way to change anything by it."""
    price = [Decimal(1)]
    asked.server.show("risk", "host-1", lambda: {"risk": Part(price[0])})
    price[0] = Decimal(2)
    assert (await (await asked.get("/state")).json())["state"]["risk"] == {"price": "2"}
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        async with asked._session.request(method, f"http://127.0.0.1:{asked._port}/state") as answer:
            assert answer.status == 405
