"""Builds the whole server from settings and a source of ticks, and makes it listen. Its parts are wired here only."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from simulator.bracket_file import load_brackets
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.filters import Filters
from simulator.server.admin import Admin
from simulator.server.fault_table import FaultTable
from simulator.server.http import Rest
from simulator.server.instruments import exchange_info, grid_of
from simulator.server.ledger_file import LedgerFile
from simulator.server.limits import RateLimiter
from simulator.server.listen_keys import ListenKeys
from simulator.server.listener import Listener
from simulator.server.motion import Motion
from simulator.server.order_socket import OrderSockets
from simulator.server.rest.context import Context
from simulator.server.scenario import Scenario, read_scenario
from simulator.server.session import MarketSession
from simulator.server.settings import ServerSettings
from simulator.server.sockets import Sockets
from simulator.server.tls import read_certificate
from simulator.settings import SimulatorSettings
from simulator.tape.grid import Grid
from simulator.tape.tape_market import Funding, TapeMarket
from simulator.tape.tick_source import TickSource

#: Path of the WebSocket API.
ORDER_SOCKET: Final = "/ws-fapi/"
#: Seconds that aiohttp waits for a request in progress, and once more after it cancelled it; its default is 60.
#: Test: test_simulator_with_hanging_clients_ends_in_time.
_SHUTDOWN_TIMEOUT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Symbols:
    """The exchangeInfo answer of the served symbols, and their price and quantity grids by symbol."""

    info: dict[str, Any]
    grids: dict[str, Grid]


def symbols_of(names: tuple[str, ...], settings: ServerSettings) -> Symbols:
    """Load the symbols from the exchangeInfo file of the settings, or the shipped one."""
    document = None if settings.exchange_info is None else msgspec.json.decode(settings.exchange_info.read_bytes())
    if document is not None:
        document = document.get("info", document)
    info = exchange_info(names, document)
    info["rateLimits"] = _rate_limits(settings)
    return Symbols(info, {row["symbol"]: grid_of(row) for row in info["symbols"]})


def _rate_limits(settings: ServerSettings) -> list[dict[str, Any]]:
    """Return the limits in force as exchangeInfo's ``rateLimits`` rows."""
    held = (
        ("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_minute),
        ("ORDERS", "MINUTE", 1, settings.orders_minute),
        ("ORDERS", "SECOND", 10, settings.orders_ten_seconds),
    )
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return [dict(zip(names, each, strict=True)) for each in held]


def build_context(
    source: TickSource,
    symbols: Symbols,
    funding: Funding,
    settings: ServerSettings,
    matching: SimulatorSettings,
    account: AccountSettings = DEFAULT_ACCOUNT,
    *,
    first_id: int | None = None,
) -> Context:
    """Build market, matching core, rate limiter and listen keys, without any network.

    first_id: the first id of an order, trade or income row (``simulator.server.ids``); None = by the market's time.
    """
    market = TapeMarket(source, symbols.grids, funding, settings.tape)
    filters = {row["symbol"]: Filters.of_exchange_info(row) for row in symbols.info["symbols"]}
    core = ExchangeCore(matching, filters, load_brackets(matching.brackets_file), account)
    if first_id is not None:
        core.number_from(first_id)
    return Context(
        session=MarketSession(market, core, symbols.info, symbols.grids),
        limiter=RateLimiter(settings.limits()),
        listen_keys=ListenKeys(round(settings.listen_key_minutes * 60_000)),
        keys=dict(settings.api_keys),
        alias=f"Sim{secrets.token_hex(4)}",  # the account lives as long as this process
    )


class Server:
    """A listening server. ``url``: base URL of REST, without a final slash; ``sockets_url``: the same for streams.

    moving: the task that advances the market; it ends only if the market raised an error.
    """

    def __init__(self, context: Context, moving: asyncio.Task[None], address: str, *, secure: bool) -> None:
        self.context = context
        self.moving = moving
        self.url = f"{'https' if secure else 'http'}://{address}"
        self.sockets_url = f"{'wss' if secure else 'ws'}://{address}"


@asynccontextmanager
async def serving(
    context: Context, settings: ServerSettings, *, speed: float | None, seed: int = 0, scenario: Scenario | None = None
) -> AsyncIterator[Server]:
    """Serve until the ``async with`` block ends. ``speed``: see ``Motion``.

    Raises OSError if the port is taken or the ledger cannot be written, BadCertificate if the certificate cannot be read. If
    advancing the market failed, raises that error at the end of the block.
    """
    certificate = None if settings.tls is None else read_certificate(settings.tls)
    steps = scenario or (Scenario() if settings.scenario is None else read_scenario(settings.scenario))
    faults = context.faults = FaultTable(seed)
    ledger = context.session.ledger = None if settings.ledger is None else LedgerFile(settings.ledger)
    if ledger is not None:
        faults.tell = lambda over: ledger.fault_over(over.id, over.hits, context.session.time)
    sockets = Sockets(context, faults, settings)
    motion = Motion(context, faults, sockets, settings, steps, speed)
    rest = Rest(context, faults, motion, settings)
    orders = OrderSockets(context, faults, motion, settings, rest.counts)
    admin = Admin(context, faults, motion, sockets, rest)

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/sim/"):
            return await admin.handle(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if request.path.startswith(ORDER_SOCKET):
                return await orders.accept(request)
            return await sockets.accept(request)
        return await rest.handle(request)

    runner = web.ServerRunner(Listener(handle), shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=certificate).start()
        port = int(runner.addresses[0][1])
        moving = asyncio.create_task(motion.run())
        try:
            yield Server(context, moving, f"{settings.host}:{port}", secure=certificate is not None)
            if moving.done():
                moving.result()  # raises the error that ended it
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            await sockets.close()
    finally:
        await runner.cleanup()
        if ledger is not None:
            ledger.close()
            context.session.ledger = None
