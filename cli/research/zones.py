"""``ict zones``: print the results of the journal's trades by kill zone and symbol."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from cli.data.options import BadOption
from cli.journal import refusing_journal
from cli.play.market import parse_date
from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from research.zone_results import ZoneResult, by_zone
from services.journal import read
from shared.domain.account import Trade
from shared.runtime.process.exits import Exit


def show_zones(
    journal: str | None,
    symbol: str | None,
    start: str | None,
    end: str | None,
    config: Sequence[Path] | None,
    *,
    json: bool,
) -> None:
    """Run the command. Exit 4 if the journal cannot be read or has rows that no journal writes."""
    settings = load_settings(config)
    try:
        since, until = parse_date("--from", start), parse_date("--to", end)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    url = journal or settings.journal.url
    with refusing_journal():
        trades = asyncio.run(_trades(url, symbol, since or 0, read.FOR_EVER if until is None else until))
    rows = by_zone(trades, settings.analysis.timetable)
    if json:
        echo_json([msgspec.structs.asdict(row) | {"win_rate": row.win_rate} for row in rows])
        return
    Console().print(_table(rows, len(trades)))


async def _trades(url: str, symbol: str | None, since: int, until: int) -> list[Trade]:
    async with read.reading(url) as connection:
        return await read.trades(connection, symbol=symbol, since=since, until=until, limit=read.FOR_EVER)


def _table(rows: Sequence[ZoneResult], count: int) -> Table:
    table = Table(
        title=f"Closed trades by the window in which they were opened ({count} trades read)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        caption="A trade counts in every window that was open. Few trades prove little.",
        caption_justify="left",
    )
    for name in ("symbol", "window"):
        table.add_column(name, no_wrap=True)
    for name in ("trades", "won", "win rate", "USDT", "mean R"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.symbol, row.zone, f"{row.trades}", f"{row.won}", f"{row.win_rate:.0%}", f"{row.result:+.2f}",
            "-" if row.mean_r is None else f"{row.mean_r:+.2f}",
        )  # fmt: skip
    return table
