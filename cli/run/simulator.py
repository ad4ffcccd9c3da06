"""``ict simulator``: a server that speaks Binance USDⓈ-M, for real clients. Opens the market and listens."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import typer

from cli.data.options import BadOption, CandleFiles, parse_data
from cli.play.market import minutes_only, with_symbols_of
from cli.run.configuration import load_to_start, refuse
from cli.settings import Settings
from services.ingest.files.reading import AS_THEY_ARE, Reading
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from simulator.server.ids import first_id
from simulator.server.serving import Symbols, build_context, serving, symbols_of
from simulator.tape.tape_market import Funding
from simulator.tape.tick_source import CandleTicks, NoMarket, TickSource

#: How far behind the real clock a market of this moment may start, ms.
_BEHIND: Final = 50
_STOP: Final = (signal.SIGINT, signal.SIGTERM)


def parse_motion(text: str) -> float | None:
    """``max`` → None, ``step`` → 0, else market seconds a second. Raises BadOption."""
    if text == "max":
        return None
    try:
        speed = 0.0 if text == "step" else float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < 1e6:
        raise BadOption(f"--speed {text}: write max, step (only on command), or market seconds per second (1 = real time)")
    return speed


def serve(
    config: Sequence[Path] | None,
    data: CandleFiles,
    ticks: Sequence[str],
    funding: Sequence[str],
    speed: str,
    overrides: Mapping[str, object],
    seed: int | None,
) -> None:
    """Run the server until SIGINT or SIGTERM."""
    import uvloop

    from services.ingest.files.file_source import SourceRefused
    from shared.runtime.process.logs import configure
    from simulator.server.scenario import BadScenario
    from simulator.server.tls import BadCertificate

    settings = load_to_start(["server"], config, {"server": dict(overrides)} if overrides else None)
    configure("WARNING", "console")
    try:
        pace = parse_motion(speed)
        files, recorded = _files(data, ticks)
        reading = data.reading()
        minutes_only(reading)
        settings = with_symbols_of(settings, files or recorded)
        symbols = symbols_of(settings.symbols, settings.server)
        market_seed = settings.market.seed if seed is None else seed
        source = open_ticks(settings, symbols, files, recorded, market_seed, reading)
        rates = open_funding(settings, source, parse_data(funding, "--funding"))
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except (SourceRefused, NoMarket) as error:
        refuse(str(error), Exit.NEGATIVE)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, symbols, source, rates, pace, typer.echo))
    except (BadScenario, BadCertificate) as error:
        refuse(str(error), Exit.USAGE)
    except OSError as error:
        refuse(f"cannot listen on {settings.server.host}:{settings.server.port}: {error}; choose --port", Exit.NEGATIVE)


def _files(data: CandleFiles, ticks: Sequence[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    files, recorded = data.paths(), parse_data(ticks, "--ticks")
    if files and recorded:
        raise BadOption("--data and --ticks cannot be mixed: a market is made of candles or of recorded messages")
    return files, recorded


def open_ticks(
    settings: Settings,
    symbols: Symbols,
    files: Mapping[str, Path],
    recorded: Mapping[str, Path],
    seed: int,
    reading: Reading = AS_THEY_ARE,
) -> TickSource:
    """The market as ticks: recorded messages, recorded candles, or the generator. Raises NoMarket, SourceRefused."""
    server = settings.server
    if recorded:
        from simulator.tape.recorded import RecordedTicks

        return RecordedTicks(recorded, symbols.grids)
    if files:
        from services.ingest.files.file_source import FileSource

        return CandleTicks(FileSource(files, reading=reading), symbols.grids, server.tape, seed)
    from simulator.market.generator import DEFAULT_START, GeneratedMarket

    start = DEFAULT_START
    if server.start == "now":
        now = int(time.time() * 1000)
        start = now - now % MINUTE - server.tape.history_minutes * MINUTE
    return CandleTicks(GeneratedMarket(settings.symbols, start, server.days, seed), symbols.grids, server.tape, seed)


def open_funding(settings: Settings, source: TickSource, files: Mapping[str, Path]) -> Funding:
    """Recorded rates where a file has them, else the constant one. Raises BadOption, SourceRefused."""
    from simulator.market.funding import PlayedFunding

    strangers = sorted(files.keys() - set(source.symbols))
    if strangers:
        raise BadOption(f"--funding {strangers[0]}: it is not traded here; traded: {', '.join(source.symbols)}")
    return PlayedFunding(source.symbols, settings.market.funding_rate, files, source.start)


async def _serve(
    settings: Settings,
    symbols: Symbols,
    source: TickSource,
    funding: Funding,
    speed: float | None,
    say: Callable[[str], None],
) -> None:
    first = first_id(settings.server.ids, speed, int(time.time() * 1000))
    context = build_context(source, symbols, funding, settings.server, settings.simulator, settings.account, first_id=first)
    if settings.server.start == "now" and speed == 1.0:
        while context.session.time + _BEHIND < (now := int(time.time() * 1000)):
            context.session.advance(now)  # again for the time that this took: a client's timestamp may be 1 s ahead at most
    stopped = asyncio.Event()
    for each in _STOP:
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    async with serving(context, settings.server, speed=speed, seed=settings.market.seed) as server:
        say(f"listening on {server.url} (streams {server.sockets_url}; faults and truth {server.url}/sim/state)")
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({waiting, server.moving}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
