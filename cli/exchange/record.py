"""``ict exchange record``: asks an exchange everything that the product asks, and writes the session to a file."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Final

import typer

from cli.exchange.questions import Told, ask, listen, market_streams, private, public, quietly
from cli.exchange.trades import SmallTrades
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from services.ingest.service import ENDPOINTS
from shared.exchange.errors import ExchangeError
from shared.exchange.model.streams import MarketStream, UserStream
from shared.exchange.open import make_exchange
from shared.exchange.port import Exchange
from shared.exchange.settings import ADDRESSES, Endpoint
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.logs import configure
from simulator.wire_log.recording_proxy import Addresses, recording
from simulator.wire_log.writing import WireLogBroken, WireLogWriter

_HOST: Final = "127.0.0.1"
#: WebSocket API and the API about keys, by endpoint; an address of one's own serves all four.
_ORDERS: Final[dict[Endpoint, str]] = {"mainnet": "wss://ws-fapi.binance.com", "demo": "wss://testnet.binancefuture.com"}
_ACCOUNT: Final[dict[Endpoint, str]] = {"mainnet": "https://api.binance.com", "demo": ADDRESSES["demo"][0]}


def record(
    config: Sequence[Path] | None, out: Path, symbol: str | None, seconds: float, port: int | None, *, orders: bool
) -> None:
    """Record a session: our own questions, or with ``port`` what other clients ask until Ctrl-C."""
    settings = load_settings(config)
    configure("CRITICAL", "console")  # what fails is told question by question
    if settings.mode not in ENDPOINTS:
        refuse(f"mode {settings.mode} asks no exchange; set mode: testnet, with a key of the test exchange", Exit.USAGE)
    endpoint = ENDPOINTS[settings.mode]
    asked = (symbol or settings.symbols[0]).upper()
    if orders and settings.mode != "testnet":
        refuse(f"--orders trades, and mode {settings.mode} trades real money; it is for mode testnet only", Exit.REFUSED)
    if orders and not settings.exchange.has_key:
        refuse("--orders needs a key: set exchange.key and exchange.secret", Exit.CONFIG_INVALID)
    try:
        count = asyncio.run(_record(settings, addresses(settings, endpoint), out, asked, seconds, port, orders=orders))
    except WireLogBroken as error:
        refuse(str(error), Exit.NEGATIVE)
    except OSError as error:
        refuse(f"cannot listen on {_HOST}:{port}: {error.strerror}; choose another --port", Exit.NEGATIVE)
    typer.echo(
        f"{count} lines in {out}; keys, listen keys and signatures are blanked. Play it: ict simulator --replay {out}"
    )


def addresses(settings: Settings, endpoint: Endpoint) -> Addresses:
    """Where the mode's exchange is, or what stands in the settings."""
    rest, streams = settings.exchange.addresses(endpoint)
    own = rest != ADDRESSES[endpoint][0]
    return Addresses(
        rest=rest,
        streams=streams,
        orders=streams if own else _ORDERS[endpoint],
        account=rest if own else _ACCOUNT[endpoint],
    )


async def _record(
    settings: Settings, to: Addresses, out: Path, symbol: str, seconds: float, port: int | None, *, orders: bool
) -> int:
    """Return the number of lines written. Raises WireLogBroken, OSError."""
    with WireLogWriter(out) as log:
        async with recording(to, log, _HOST, port or 0) as found:
            typer.echo(f"recording {to.rest} on http://{_HOST}:{found} to {out}")
            work = (
                _until_stopped() if port is not None else _session(_through(settings, found), symbol, seconds, orders=orders)
            )
            await _unless_broken(log, work)
        if log.broken.done():
            raise log.broken.result()
        return log.lines


async def _unless_broken(log: WireLogWriter, work: Coroutine[None, None, None]) -> None:
    """Await the work, and end it when the file cannot be written any more. Raises WireLogBroken."""
    working = asyncio.create_task(work)
    log.broken.add_done_callback(lambda _: working.cancel())
    try:
        await working
    except asyncio.CancelledError:
        if log.broken.done():
            raise log.broken.result() from None
        raise


def _through(settings: Settings, port: int) -> Settings:
    """The settings, with the recorder for an exchange."""
    here = {"rest_url": f"http://{_HOST}:{port}", "stream_url": f"ws://{_HOST}:{port}"}
    return settings.model_copy(update={"exchange": settings.exchange.model_copy(update=here)})


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    typer.echo("point a client at it; Ctrl-C ends the recording")
    await stopped.wait()


async def _session(settings: Settings, symbol: str, seconds: float, *, orders: bool) -> None:
    """Ask, listen for ``seconds``, and with ``orders`` trade meanwhile."""
    exchange = make_exchange(ENDPOINTS[settings.mode], settings.exchange, None, "rest")
    try:
        await _first_contact(exchange)
        questions = public(exchange, symbol) + (private(exchange, symbol) if settings.exchange.has_key else [])
        async for told in ask(questions):
            _say(told)
        await _listening(exchange, symbol, seconds, has_key=settings.exchange.has_key, trade=orders)
    finally:
        await exchange.close()


async def _first_contact(exchange: Exchange) -> None:
    """Compare the clocks. Raises Leave if there is no answer."""
    try:
        await exchange.start()
    except ExchangeError as error:
        why = f"the exchange did not answer: {error}; look at the network, exchange.rest_url, or the exchange's status page"
        raise Leave(Exit.NEGATIVE, why[:400]) from error


async def _listening(exchange: Exchange, symbol: str, seconds: float, *, has_key: bool, trade: bool) -> None:
    """Read the streams for ``seconds``, and trade meanwhile."""
    streams = {f"market streams {n}": stream for n, stream in enumerate(market_streams(exchange, symbol), start=1)}
    named: dict[str, MarketStream | UserStream] = dict(streams)
    if has_key:
        named["account stream"] = exchange.user_stream()
    opened = {name: asyncio.Event() for name in named}
    tasks = {name: asyncio.create_task(listen(stream, opened[name])) for name, stream in named.items()}
    ends = asyncio.create_task(asyncio.sleep(seconds))
    try:
        if trade:
            await _opened(opened["account stream"], tasks["account stream"])
            await _trade(exchange, symbol)
        await ends
    finally:
        ends.cancel()
        for name, task in tasks.items():
            _say(Told(name, await quietly(task)))


async def _opened(opened: asyncio.Event, listening: asyncio.Task[None]) -> None:
    """Wait until a stream is open, or could not be opened."""
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({waiting, listening}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _trade(exchange: Exchange, symbol: str) -> None:
    """The small trades; afterwards nothing is left of them. Raises Leave if the symbol is in use, or something is left."""
    trades = SmallTrades(exchange, symbol)
    if (used := await trades.in_use()) is not None:
        raise Leave(Exit.REFUSED, f"--orders was not carried out: {used}; choose another --symbol, or clear this one")
    left: list[str] = []
    try:
        async for told in ask(trades.questions()):
            _say(told)
    finally:
        left = await trades.clear()
    if left:
        raise Leave(Exit.NEGATIVE, f"left in the account: {'; '.join(left)}; close it by hand")
    async for told in ask([("income afterwards", lambda: exchange.income(symbol=symbol))]):
        _say(told)


def _say(told: Told) -> None:
    typer.echo(f"  {told.name}: {told.trouble or 'answered'}")
