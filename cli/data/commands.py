"""``ict data``: look at candle files before they are used, and keep history. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import Columns, Interval, TimeZone
from cli.data.store import DEFAULT_STORE, Store

app = typer.Typer(help="Fetch, import, check, list and show candles and funding rates.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout")]
Config = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="YAML file with the exchange's settings; several are merged, later ones win"),
]


@app.callback()
def _data() -> None:
    """Fetch, import, check, list and show candles and funding rates."""


@app.command()
def fetch(
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="such as BTCUSDT")],
    start: Annotated[str, typer.Option("--from", help="first instant, such as 2023-01-01 (UTC)")],
    end: Annotated[str | None, typer.Option("--to", help="first instant that is not asked for; default: now")] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="1m to 1w, funding, mark, premium, aggTrades, metrics, bookDepth; several times. Default: 1m and funding",
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    url: Annotated[str, typer.Option("--url", help="server of the public archives")] = "https://data.binance.vision",
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=64, help="downloads at the same time, at most")] = 8,
    rest: Annotated[bool, typer.Option("--rest/--no-rest", help="ask the exchange for what no archive has yet")] = True,
    config: Config = None,
    json: Json = False,
) -> None:
    """Fetch history into the repository: public archives of months, then of days, then the exchange's REST for the rest.

    What is stored is not fetched again; Ctrl-C keeps what was done, and the same line goes on from there.
    """
    from cli.data.fetch import fetch as body

    body(config, store, symbols, kinds or [], start, end, url, parallel, rest=rest, json=json)


@app.command(name="import")
def import_(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="file, directory, quoted pattern, or SYMBOL=FILE where no name tells the symbol"
        ),
    ],
    store: Store = DEFAULT_STORE,
    funding: Annotated[bool, typer.Option("--funding", help="the files hold funding rates, not candles")] = False,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Json = False,
) -> None:
    """Import candles of any timeframe, or funding rates, from files of every kind that `ict data check` knows.

    All files are examined before the first row is stored; a defect ends the command with nothing stored.
    """
    from cli.data.importing import import_files

    import_files(store, files, time_zone, columns, interval, funding=funding, json=json)


@app.command()
def flow(
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="such as BTCUSDT")],
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Give stored minutes that lack it their order flow, out of stored trades (fetch --kind aggTrades).

    What is known stays as it is; a minute whose volume is not that of its trades stays without.
    """
    from cli.data.flow import flow as body

    body(store, symbols, json=json)


@app.command()
def roll(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="such as BTCUSDT; default: all that the journal has")
    ] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="1m to 1w; may be given several times. Default: 1m")
    ] = None,
    store: Store = DEFAULT_STORE,
    journal: Annotated[
        str | None, typer.Option("--journal", help="the journal's address; default: journal.url of the configuration")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Put the candles that the running system kept in its journal into the repository, where they are not stored yet.

    Safe at any time and as often as you like: what is stored stays as it is, and the journal is only read.
    """
    from cli.data.roll import roll as body

    body(config, store, symbols or [], kinds or [], journal, json=json)


@app.command(name="list")
def list_(
    store: Store = DEFAULT_STORE,
    at: Annotated[str | None, typer.Option("--at", help="a day: only the symbols that have candles of it")] = None,
    json: Json = False,
) -> None:
    """List what the repository holds: symbols, ranges, sizes, missing candles; with --at the universe of a past day."""
    from cli.data.listing import list_series

    list_series(store, at, json=json)


@app.command()
def show(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="such as BTCUSDT")],
    start: Annotated[str | None, typer.Option("--from", help="first instant, such as 2023-01-01 (UTC)")] = None,
    end: Annotated[str | None, typer.Option("--to", help="first instant that is not shown")] = None,
    kind: Annotated[str, typer.Option("--kind", help="as of fetch")] = "1m",
    rows: Annotated[int, typer.Option("--rows", min=0, max=100_000, help="first rows that are printed, at most")] = 10,
    hot: Annotated[
        bool, typer.Option("--hot", help="with the candles of the journal (journal.url) that are not stored yet")
    ] = False,
    store: Store = DEFAULT_STORE,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what a span of a symbol holds: its number of rows, its prices, and its first rows."""
    from cli.data.listing import show as body

    body(config, store, symbol, kind, start, end, rows, hot=hot, json=json)


@app.command()
def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="file, directory, quoted pattern ('candles/*.zip'), or SYMBOL=FILE as it stands behind --data; or a candle "
            "repository, a symbol or a series of one. Default: the repository in `history`",
        ),
    ] = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="draw the repository's series into this file, .png or .html")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON list on stdout")] = False,
) -> None:
    """Describe candle files: format, range, defects, and the command to type next; exit 1 if there is a defect.

    Formats: Binance's archives (zip of one or many days or months, with or without header), CSV of any separator,
    TradingView's exports, pandas' CSV, JSON of freqtrade, ccxt or Binance, Feather, Parquet; text and JSON also in gzip or
    zip. Kind, columns, time unit and interval are read from the contents, not from the name.

    Of a candle repository: every series compared with its hashes; gaps, outliers, runs without a trade, jumps, and longer
    candles against the minutes; exit 1 if rows are wrong or damaged.
    """
    from cli.data.check import check_files

    check_files(files or [str(DEFAULT_STORE)], time_zone, columns, interval, picture, json=json)
