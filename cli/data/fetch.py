"""``ict data fetch``: the history of symbols into the candle repository."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cli.data.options import BadOption
from cli.data.store import day, minute, parse_kinds, parse_span, parse_symbols, refusals
from cli.play.progress import Bar
from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from services.ingest.history.downloading import Downloads, Unreachable
from services.ingest.history.fetching import Fetched, SeriesFetch
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.domain.timeframes import DAY
from shared.exchange.open import make_exchange
from shared.exchange.port import Exchange
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure


class RestOnDemand:
    """The exchange's public REST, opened by the first question; ``close`` it at the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._exchange: Exchange | None = None

    async def opened(self) -> Exchange:
        """Raises ExchangeError when the exchange does not answer."""
        async with self._turn:
            if self._exchange is None:
                exchange = make_exchange("mainnet", self._settings.exchange, None, "rest")
                try:
                    await exchange.start()
                except BaseException:
                    await exchange.close()
                    raise
                self._exchange = exchange
            return self._exchange

    async def close(self) -> None:
        if self._exchange is not None:
            await self._exchange.close()


def fetch(
    config: Sequence[Path] | None,
    store: Path,
    symbols: Sequence[str],
    kinds: Sequence[str],
    start: str,
    end: str | None,
    url: str,
    parallel: int,
    *,
    rest: bool,
    json: bool,
) -> None:
    """Fetch, under a progress bar. Exit 1 when something could not be used, 4 when the server does not answer."""
    settings = load_settings(config)
    configure("CRITICAL", "console")
    console = Console(stderr=json)
    now = int(time.time() * 1000)
    with refusals(store):
        begin, stop = parse_span(start, end)
        if begin is None or begin >= now:
            raise BadOption(f"--from {start}: that is not past; say from when on")
        if not url.startswith(("http://", "https://")):
            raise BadOption(f"--url {url}: write it like https://data.binance.vision")
        chosen = [
            Repository(store).series(symbol, kind)
            for symbol in parse_symbols(symbols)
            for kind in parse_kinds(kinds, ("1m", "funding"))
        ]
        until = min(stop or now, now)
        work = _fetched(settings, chosen, begin, until, now, url, parallel, console, rest=rest)
        try:
            with asyncio.Runner() as runner:
                done = runner.run(work)
        except Unreachable as error:
            refuse(str(error), Exit.UNREACHABLE)
        except KeyboardInterrupt:
            refuse("stopped. What was done is kept: type the same line again to go on", Exit.INTERRUPTED)
    if json:
        echo_json([msgspec.to_builtins(each) for each in done])
    else:
        _show(console, done, store)
    if any(each.failed for each in done):
        raise typer.Exit(Exit.NEGATIVE)


async def _fetched(
    settings: Settings,
    chosen: Sequence[Series],
    start: int,
    end: int,
    now: int,
    url: str,
    parallel: int,
    console: Console,
    *,
    rest: bool,
) -> list[Fetched]:
    """All series at the same time; the downloads of all together are bounded."""
    exchange = RestOnDemand(settings)
    total = -(-(end - start) // DAY) * len(chosen)
    settled = 0
    try:
        with Bar(console, "days fetched", total) as bar:

            def on_days(days: int) -> None:
                nonlocal settled
                settled += days
                bar.at(min(settled, total))

            async with Downloads(url, at_once=parallel) as downloads:
                opened = exchange.opened if rest else None
                fetches = [SeriesFetch(series, start, end, now, downloads, opened, on_days) for series in chosen]
                try:
                    async with asyncio.TaskGroup() as tasks:
                        running = [tasks.create_task(each.run()) for each in fetches]
                except BaseExceptionGroup as group:
                    raise group.exceptions[0] from None
                return [task.result() for task in running]
    finally:
        await exchange.close()


def _show(console: Console, done: Sequence[Fetched], store: Path) -> None:
    table = Table("symbol", "kind")
    for title in ("archives fetched", "rows new", "of them by REST"):
        table.add_column(title, justify="right")
    for each in done:
        table.add_row(each.symbol, each.kind, f"{each.archives:,}", f"{each.new:,}", f"{each.rest:,}")
    console.print(table)
    for text in statements(done):
        console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(f"next: ict data check {store}", highlight=False, markup=False, emoji=False, soft_wrap=True)


def statements(done: Sequence[Fetched]) -> list[str]:
    """What a person has to know of a fetch beside its numbers."""
    told = []
    for each in done:
        name = f"{each.symbol} {each.kind}"
        for begin, end in each.absent:
            span = day(begin) if end - begin == DAY else f"{day(begin)} to {day(end - 1)}"
            told.append(f"note: {name}: nothing of {span}: not listed yet, or not published (404)")
        if each.differing:
            at = minute(each.first_differing)
            text = f"{each.differing:,} rows are stored with other numbers, the first of {at}; the stored ones stay"
            told.append(f"note: {name}: {text}")
        told += [f"failed: {name}: {text}" for text in each.failed]
    return told
