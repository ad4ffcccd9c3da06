"""A protocol server in this process, and real clients of it: python-binance and ccxt, unmodified but for their addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from binance import AsyncClient, BinanceSocketManager

from shared.domain.timeframes import MINUTE
from simulator.market.funding import ConstantFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.server.rest.context import Context
from simulator.server.scenario import Scenario
from simulator.server.serving import Server, build_context, serving, symbols_of
from simulator.server.settings import TEST_KEY, TEST_SECRET, ServerSettings
from simulator.settings import SimulatorSettings
from simulator.tape.settings import TapeSettings
from simulator.tape.tick_source import CandleTicks

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SEED = 7
#: Lock-step: the market stands until the admin page moves it.
STEP = 0.0


def server_settings(**changes: Any) -> ServerSettings:
    """Any free port, little history; ``tape`` may be a dictionary of changes."""
    tape = TapeSettings.model_validate({"history_minutes": 60, **changes.pop("tape", {})})
    return ServerSettings(port=0, tape=tape, **changes)


def make_context(
    settings: ServerSettings | None = None, *, now: bool = False, names: tuple[str, ...] = SYMBOLS, **core: Any
) -> Context:
    """The exchange without a wire, on the generated market. ``now``: the market's present is this moment."""
    settings = settings or server_settings()
    start = DEFAULT_START
    if now:
        moment = int(time.time() * 1000)
        start = moment - moment % MINUTE - settings.tape.history_minutes * MINUTE
    symbols = symbols_of(names, settings)
    source = CandleTicks(GeneratedMarket(names, start, 10.0, SEED), symbols.grids, settings.tape, SEED)
    context = build_context(
        source, symbols, ConstantFunding(names), settings, SimulatorSettings(starting_wallet=100_000, **core)
    )
    if now:
        while context.session.time + 50 < (moment := int(time.time() * 1000)):
            context.session.advance(moment)
    return context


@asynccontextmanager
async def a_server(
    *,
    speed: float | None = 1.0,
    scenario: Scenario | None = None,
    names: tuple[str, ...] = SYMBOLS,
    **changes: Any,
) -> AsyncIterator[Server]:
    """A running server; at speed 1 its time is this moment, as clients' clocks have it."""
    settings = server_settings(**changes)
    async with serving(
        make_context(settings, now=speed == 1.0, names=names), settings, speed=speed, seed=SEED, scenario=scenario
    ) as server:
        yield server


class Hand:
    """What a test does behind the clients' backs: the pages under /sim."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self._server = server
        self._http = http

    async def ask(self, method: str, page: str, /, **body: Any) -> Any:
        """The JSON of a page. Raises AssertionError when it is refused."""
        async with self._http.request(method, f"{self._server.url}/sim/{page}", json=body or None) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return told

    async def fault(self, kind: str, /, **fields: Any) -> int:
        """Set a fault; its id."""
        return int((await self.ask("POST", "faults", kind=kind, **fields))["id"])

    async def lift(self) -> None:
        """End all faults."""
        await self.ask("DELETE", "faults")

    async def advance(self, ms: int) -> int:
        """Move the market; its time then."""
        return int((await self.ask("POST", "advance", ms=ms))["time"])

    async def until_private_socket(self) -> None:
        """Wait until somebody listens to user events."""
        await self._until(lambda sockets: any(each["path"] == "private" for each in sockets))

    async def until_sockets(self, count: int) -> None:
        """Wait until so many sockets are open."""
        await self._until(lambda sockets: len(sockets) >= count)

    async def _until(self, true_of: Callable[[list[dict[str, Any]]], bool]) -> None:
        while not true_of((await self.ask("GET", "state"))["sockets"]):  # noqa: ASYNC110  # a page to ask, no event
            await asyncio.sleep(0.02)

    async def speed(self, speed: float | None) -> None:
        """Another speed: None = as fast as readers read, 0 = lock-step."""
        await self.ask("POST", "speed", speed=speed)

    async def price(self, symbol: str, price: float) -> None:
        """Set the price."""
        await self.ask("POST", "price", symbol=symbol, price=str(price))


@asynccontextmanager
async def a_hand(server: Server) -> AsyncIterator[Hand]:
    async with aiohttp.ClientSession() as http:
        yield Hand(server, http)


@asynccontextmanager
async def python_binance(server: Server, **sockets: Any) -> AsyncIterator[tuple[AsyncClient, BinanceSocketManager]]:
    """python-binance, addressed as its own documentation of base URLs says."""

    class Client(AsyncClient):
        API_URL = f"{server.url}/api"
        FUTURES_URL = f"{server.url}/fapi"
        FUTURES_DATA_URL = f"{server.url}/futures/data"
        MARGIN_API_URL = f"{server.url}/sapi"
        WS_FUTURES_URL = f"{server.sockets_url}/ws-fapi/v1"

    class Sockets(BinanceSocketManager):
        FSTREAM_URL = f"{server.sockets_url}/"

    client = await Client.create(TEST_KEY, TEST_SECRET)
    try:
        yield client, Sockets(client, **sockets)
    finally:
        await client.close_connection()


@asynccontextmanager
async def ccxt_pro(server: Server, name: str = "binanceusdm", *, errors_of_futures: bool = True) -> AsyncIterator[Any]:
    """ccxt's class ``name``, REST and streams, with the addresses and the last line that docs/simulator.md prints.

    errors_of_futures: with that line. Without it most refusals of futures arrive as a plain ExchangeError.
    """
    import ccxt.pro

    client = getattr(ccxt.pro, name)({"apiKey": TEST_KEY, "secret": TEST_SECRET})
    addresses = client.urls["api"]
    addresses["public"] = addresses["private"] = f"{server.url}/api/v3"
    addresses["sapi"] = f"{server.url}/sapi/v1"
    addresses["dapiPublic"] = f"{server.url}/dapi/v1"
    for name, version in (("", "v1"), ("V2", "v2"), ("V3", "v3")):
        addresses[f"fapiPublic{name}"] = addresses[f"fapiPrivate{name}"] = f"{server.url}/fapi/{version}"
    addresses["fapiData"] = f"{server.url}/futures/data"
    addresses["ws"]["linear"] = f"{server.sockets_url}/ws"
    addresses["ws"]["ws-api"]["linear"] = f"{server.sockets_url}/ws-fapi/v1"
    if errors_of_futures:  # ccxt knows them by the address of the real exchange only
        client.get_exceptions_by_url = lambda url, key: client.exceptions["linear"].get(key, {})
    try:
        yield client
    finally:
        await client.close()
