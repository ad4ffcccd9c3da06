"""``ict data``: look at candle files before they are used. Bodies are imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.data.options import Columns, Interval, TimeZone

app = typer.Typer(help="Look at candle files before they are used.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    """Look at candle files before they are used."""


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="file, directory, quoted pattern ('candles/*.zip'), or SYMBOL=FILE as it stands behind --data",
        ),
    ],
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON list on stdout")] = False,
) -> None:
    """Describe candle files: format, range, defects, and the command to type next; exit 1 if there is a defect.

    Formats: Binance's archives (zip of one or many days or months, with or without header), CSV of any separator,
    TradingView's exports, pandas' CSV, JSON of freqtrade, ccxt or Binance, Feather, Parquet; text and JSON also in gzip or
    zip. Kind, columns, time unit and interval are read from the contents, not from the name.
    """
    from cli.data.check import check_files

    check_files(files, time_zone, columns, interval, json=json)
