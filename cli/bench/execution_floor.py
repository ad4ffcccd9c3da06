"""Runs execution for ``ict bench execution``: the exchange's process, risk's signature, what is told on the bus."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import redis.asyncio as redis

from cli.run.configuration import load_settings
from cli.settings import Settings
from cli.wiring import lane_policy, make_memory_bus, make_store, service_spec
from shared.approval.commands import sign
from shared.approval.signing import new_pair
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.domain.account import AccountStatement
from shared.domain.client_ids import client_order_id, lineage
from shared.domain.control import Alert, Control
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, Verdict, VerdictBundle
from shared.domain.orders import OrderEvent
from shared.runtime.service import Service, running
from simulator.server.settings import TEST_KEY, TEST_SECRET

_START_S: Final = 90.0
_RESULT_S: Final = 20.0


class Floor:
    """Execution of mode testnet in this process, on an in-memory bus that encodes, with Redis as its store."""

    def __init__(self, settings: Settings, bus: MemoryBus, url: str, http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.bus = bus
        self._url = url
        self._http = http
        self._signer = settings.signer()
        self._commander = settings.command_signer()
        self._lineage = lineage(settings.mode, settings.namespace)
        self._closed_until = 0
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.stated = False
        self.instruments: dict[str, Instrument] = {}
        self.alerts: dict[str, str] = {}
        #: Client id and status → the time at which its event was published, ``time.time_ns()``.
        self.published: dict[str, int] = {}

    def hear(self, delivery: Delivery) -> None:
        message = delivery.decode()
        if isinstance(message, OrderEvent):
            self.published.setdefault(f"{message.order.client_id} {message.order.status}", delivery.sent_ns)
        elif isinstance(message, AccountStatement):
            self.stated = True
        elif isinstance(message, Alert):
            self.alerts[message.key] = message.text
        task = asyncio.ensure_future(delivery.ack())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._news.set()

    async def ready(self) -> None:
        """Wait until the account is stated, then re-arm, as a person does after the first start; learn the filters."""
        async with self._http.get(f"{self._url}/fapi/v1/exchangeInfo") as answer:
            self.instruments = {row["symbol"]: _instrument(row) for row in (await answer.json())["symbols"]}
        await self.until(lambda: self.stated, _START_S)
        reason, sent_at = "the account is the bench's own", time.time_ns() // 1_000_000
        rearm = Control(id="bench", command="rearm", by="bench", reason=reason, sent_at=sent_at)
        await self.bus.publish([sign(rearm, self._commander)])
        await self.until(lambda: "control.bench" in self.alerts)

    async def until(self, condition: Any, seconds: float = _RESULT_S) -> None:
        """Wait for what is told on the bus. Raises TimeoutError with the alerts so far."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(
                f"execution did not tell what was waited for; alerts: {list(self.alerts.values())[-3:]}"
            ) from None

    def bundle(self, intents: Sequence[OrderIntent]) -> VerdictBundle:
        """Return intents as risk signs them."""
        self._closed_until = max(self._closed_until + 1, *(each.close_time for each in intents))
        verdicts = tuple(
            Verdict(decision_id=f"d-{each.id}", symbol=each.symbol, intent=each, signature=self._signer.sign(each))
            for each in intents
        )
        return VerdictBundle(close_time=self._closed_until, verdicts=verdicts)

    def entry_id(self, intent: OrderIntent) -> str:
        """Return the client id of an intent's entry."""
        return client_order_id("e", self._lineage, intent.id, "entry")

    async def price(self, symbol: str) -> Decimal:
        """Return the best ask, USDT."""
        async with self._http.get(f"{self._url}/fapi/v1/ticker/bookTicker", params={"symbol": symbol}) as answer:
            return Decimal((await answer.json())["askPrice"])

    async def stamps(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return and forget what the exchange has noted: requests and events, ``time.monotonic_ns()``."""
        async with self._http.get(f"{self._url}/stamps") as answer:
            requests, events = await answer.json(content_type=None)
        return requests, events

    async def signed(self, method: str, path: str, **parameters: object) -> Any:
        """Send a signed request with nothing but aiohttp."""
        query = urlencode({**parameters, "recvWindow": 1500, "timestamp": int(time.time() * 1000)})
        signature = hmac.new(TEST_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"{self._url}{path}?{query}&signature={signature}"
        async with self._http.request(method, url, headers={"X-MBX-APIKEY": TEST_KEY}) as answer:
            return await answer.json()


@asynccontextmanager
async def floor(wallet: int, symbols: Sequence[str]) -> AsyncIterator[Floor]:
    """Start exchange and execution; end both, and leave nothing in the store. wallet: USDT."""
    command = (sys.executable, "-m", "cli.bench.execution_exchange", str(wallet), *symbols)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), _START_S)).decode()
        url = line.split()[-1]
        with tempfile.TemporaryDirectory(prefix="ict-bench-") as directory:
            async with _execution(url, symbols, Path(directory)) as found:
                await found.ready()
                yield found
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _execution(url: str, symbols: Sequence[str], directory: Path) -> AsyncIterator[Floor]:
    pair, operators = new_pair(), new_pair()
    settings = load_settings(
        None,
        {
            "mode": "testnet",
            "namespace": f"bench-{uuid.uuid4().hex[:8]}",
            "symbols": list(symbols),
            "approval": {"private_key": pair.private, "public_key": pair.public},
            "operator": {"private_key": operators.private, "public_key": operators.public},
            "execution": {"entries_per_minute": 10_000, "account_age_ms": 600_000, "driver": _driver(directory)},
            "exchange": {
                "rest_url": url, "stream_url": url.replace("http", "ws", 1), "key": TEST_KEY, "secret": TEST_SECRET,
            },
        },
    )  # fmt: skip
    bus = make_memory_bus(settings, codec=True)
    store = make_store(settings)
    await bus.start()
    await store.start()
    try:
        async with aiohttp.ClientSession() as http:
            found = Floor(settings, bus, url, http)
            await bus.subscribe("journal", found.hear)
            service = Service(service_spec("execution", settings), bus, store, lane_policy(settings))
            async with running([service], member=f"bench-{os.getpid()}"):
                yield found
    finally:
        await store.close()
        await bus.close()
        await forget(settings)


def _driver(directory: Path) -> dict[str, object]:
    """Statements come more rarely than shipped, and may be old: each reads every symbol's orders, and reads are limited."""
    return {"outbox_directory": str(directory), "statement_every_s": 20}


def _instrument(row: dict[str, Any]) -> Instrument:
    filters = {each["filterType"]: each for each in row["filters"]}
    return Instrument(
        symbol=row["symbol"],
        tick_size=Decimal(filters["PRICE_FILTER"]["tickSize"]),
        step_size=Decimal(filters["LOT_SIZE"]["stepSize"]),
        min_quantity=Decimal(filters["LOT_SIZE"]["minQty"]),
        min_notional=Decimal(filters["MIN_NOTIONAL"]["notional"]),
    )


async def forget(settings: Settings) -> None:
    """Delete everything that this run left in Redis."""
    client: Any = redis.from_url(settings.store.url.get_secret_value())
    keys = [key async for key in client.scan_iter(f"{settings.namespace}:*")]
    if keys:
        await client.delete(*keys)
    await client.aclose()
