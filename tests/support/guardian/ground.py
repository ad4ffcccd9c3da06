"""``ict run guardian`` as a process before ``ict simulator`` as another, the hands of others, and ears for its alarms."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from pydantic import SecretStr

from shared.domain.client_ids import client_order_id, lineage
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from shared.exchange.settings import ExchangeSettings
from tests.support.processes.answering import free_port
from tests.support.processes.fleet import ICT, write_config
from tests.support.simulator.process import SimulatorProcess

BTC: Final = "BTCUSDT"
LOT: Final = Decimal("0.010")
KEYS: Final = {"simulator-key": "simulator-secret", "guardian-key": "guardian-secret"}
#: Seconds that a process may need to start on a busy machine.
START: Final = 60.0
HALT_SECRET: Final = "a secret that guardian and execution have"


class Ears:
    """An HTTP server outside: what it was posted, and how often it was asked for a heartbeat. failing: answers 503."""

    def __init__(self) -> None:
        self.alarms: list[dict[str, Any]] = []
        self.beats = 0
        self.failing = 0

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/alarm", self._alarm)
        app.router.add_get("/beat", self._beat)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return str(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]  # its port, which aiohttp does not tell

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _alarm(self, request: web.Request) -> web.Response:
        if self.failing:
            self.failing -= 1
            return web.Response(status=503)
        self.alarms.append(await request.json())
        return web.Response()

    async def _beat(self, _: web.Request) -> web.Response:
        self.beats += 1
        return web.Response()


class Ground:
    """The account at the simulator, the guardian's process, a person at the same account."""

    def __init__(self, simulator: SimulatorProcess, person: BinanceExchange, ears: Ears, config: Path, port: int) -> None:
        self.simulator = simulator
        self.person = person
        self.ears = ears
        self.config = config
        self.port = port
        self.log = config.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    # -- the guardian -------------------------------------------------------------------------------------------------

    def start(self, env: Mapping[str, str] | None = None) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*ICT, "run", "guardian", "--config", str(self.config)],
                stdout=log, stderr=log, env={**os.environ, **(env or {})},
            )  # fmt: skip

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    async def ready(self) -> None:
        await self.until(lambda: self.page("readyz") != "", START, "readiness of the guardian")

    def page(self, name: str) -> str:
        """A page of the guardian's HTTP server; empty if it does not answer with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return ""

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name}(?:{{.*}})? (\S+)$", self.page("metrics"), re.MULTILINE)
        assert found, f"no metric {name}"
        return float(found.group(1))

    # -- the account --------------------------------------------------------------------------------------------------

    def truth(self) -> dict[str, Any]:
        account: dict[str, Any] = self.simulator.ask("account")
        return account

    def held(self, symbol: str = BTC) -> Decimal:
        rows = [Decimal(each["positionAmt"]) for each in self.truth()["positions"] if each["symbol"] == symbol]
        return sum(rows, Decimal(0))

    def stops(self, symbol: str = BTC) -> list[dict[str, Any]]:
        return [each for each in self.truth()["algo_orders"] if (each["symbol"], each["algoStatus"]) == (symbol, "NEW")]

    def own(self, symbol: str = BTC) -> list[dict[str, Any]]:
        """The guardian's stops that stand."""
        return [each for each in self.stops(symbol) if each["clientAlgoId"].startswith("ictg")]

    def closes(self) -> list[dict[str, Any]]:
        """The guardian's market orders."""
        return [
            each for each in self.truth()["orders"] if each["clientOrderId"].startswith("ictg") and each["type"] == "MARKET"
        ]

    async def trade(self, side: Any, symbol: str = BTC, quantity: Decimal = LOT) -> None:
        """A person trades at the market."""
        name = f"web_{uuid.uuid4().hex[:20]}"
        order = NewOrder(client_id=name, symbol=symbol, side=side, type="MARKET", quantity=quantity)
        assert isinstance(await self.person.place(order), Accepted)

    async def executions_stop(self, symbol: str = BTC, percent: Decimal = Decimal(3)) -> str:
        """A stop as execution places it for a long position; returns its client id."""
        mark = next(iter(await self.person.mark_prices(symbol))).mark
        name = client_order_id("e", lineage("testnet", "guarded"), uuid.uuid4().hex)
        order = NewOrder(
            client_id=name, symbol=symbol, side="SELL", type="STOP_MARKET", close_position=True,
            trigger=(mark * (100 - percent) / 100).quantize(Decimal(1)),
        )  # fmt: skip
        outcome = await self.person.place(order)
        assert isinstance(outcome, Accepted), outcome
        return name

    async def cancel_stops(self, symbol: str = BTC) -> None:
        await self.person.cancel_all(symbol)

    async def pass_time(self, ms: int, every: float = 0.2) -> None:
        """Wait until so much of the market's time has passed, which is the real one."""
        due = self.simulator.time + ms
        while await asyncio.to_thread(lambda: self.simulator.time) < due:  # noqa: ASYNC110  another process's clock
            await asyncio.sleep(every)

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait until something is so; returns how long that took, seconds."""
        began = time.monotonic()
        while not await asyncio.to_thread(condition):
            if time.monotonic() - began > seconds:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
                raise AssertionError(f"{what} did not happen within {seconds:g} s\n{json.dumps(self.stops())[:800]}\n{tail}")
            await asyncio.sleep(0.05)
        return time.monotonic() - began


@asynccontextmanager
async def a_ground(
    directory: Path, *, config: Mapping[str, Any] | None = None, symbols: tuple[str, ...] = (BTC, "ETHUSDT"), **guardian: Any
) -> AsyncIterator[Ground]:
    """A simulator, a guardian that is not started yet, and a person. config: more sections of the configuration."""
    async with AsyncExitStack() as stack:
        server = write_config(directory / "server.yaml", {"symbols": list(symbols), "server": {"api_keys": KEYS}})
        simulator = stack.enter_context(
            SimulatorProcess(directory / "simulator.log", "--now", "--config", str(server), speed="1")
        )
        ears = Ears()
        outside = f"http://127.0.0.1:{await ears.start()}"
        stack.push_async_callback(ears.close)
        port = free_port()
        file = write_config(
            directory / "guardian.yaml",
            {
                "mode": "testnet",
                "namespace": "guarded",
                "exchange": simulator.exchange,
                "http": {"port": port},
                "log": {"format": "json"},
                "guardian": {
                    "key": "guardian-key", "secret": "guardian-secret", "webhook_url": f"{outside}/alarm",
                    "heartbeat_url": f"{outside}/beat", "heartbeat_every_s": 1.0, **guardian,
                },
                **(config or {}),
            },
        )  # fmt: skip
        address = {**simulator.exchange, "key": SecretStr("simulator-key"), "secret": SecretStr("simulator-secret")}
        person = BinanceExchange("demo", ExchangeSettings.model_validate(address), None)
        await person.start()
        stack.push_async_callback(person.close)
        ground = Ground(simulator, person, ears, file, port)
        try:
            yield ground
        finally:
            if ground.process is not None and ground.process.poll() is None:
                ground.stop()
