"""Tiny candle files of every kind that other programs write, made of the same five candles."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from shared.domain.timeframes import MINUTE

#: 2025-03-03T11:06Z.
START = 1_741_000_000_000 - 1_741_000_000_000 % MINUTE
#: Open time (UTC ms), open, high, low, close, volume.
CANDLES = [
    (START + minute * MINUTE, 100.0 + minute, 102.5 + minute, 99.25 + minute, 101.0 + minute, 7.5 + minute)
    for minute in range(5)
]
NAMES = ("open_time", "open", "high", "low", "close", "volume")

Candle = tuple[int, float, float, float, float, float]


def iso(time: int, hours: int = 0, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """An instant on a clock that is ``hours`` ahead of UTC."""
    return datetime.fromtimestamp(time / 1000, timezone(timedelta(hours=hours))).strftime(form)


def kline(candle: Candle, factor: int = 1) -> list[Any]:
    """The twelve columns of Binance; ``factor`` 1000 for microseconds."""
    at, *prices, volume = candle
    close_time = (at + MINUTE) * factor - 1
    return [at * factor, *(f"{price:.8f}" for price in prices), f"{volume:.8f}", close_time, "750.1", 12, "3.1", "300.2", 0]


def lines(rows: Sequence[Sequence[Any]], header: str = "", separator: str = ",") -> str:
    """Rows as text."""
    said = [separator.join(map(str, row)) for row in rows]
    return "\n".join([header, *said, ""] if header else [*said, ""])


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def zipped(path: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def gzipped(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()))
    return path


def columns(time: pa.Array, name: str = "date") -> pa.Table:
    """A frame with this time column."""
    made = {name: time}
    for place, column in enumerate(NAMES[1:], start=1):
        made[column] = pa.array([candle[place] for candle in CANDLES])
    return pa.table(made)


def stamps(unit: str, zone: str | None = "UTC") -> pa.Array:
    parts = {"s": 0.001, "ms": 1, "us": 1_000, "ns": 1_000_000}[unit]
    return pa.array([int(candle[0] * parts) for candle in CANDLES], pa.int64()).cast(pa.timestamp(unit, zone))


def feathered(path: Path, table: pa.Table) -> Path:
    feather.write_feather(table, path, compression="lz4")
    return path


def parqueted(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path)
    return path


def _dates(rows: Sequence[Candle], hours: int = 0, offset: str = "") -> list[list[Any]]:
    return [[iso(row[0], hours) + offset, *row[1:]] for row in rows]


TRADING_VIEW = "time,open,high,low,close,Volume"
PANDAS = "date,open,high,low,close,volume"
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
SPOT = lines([kline(candle) for candle in CANDLES])
FUTURES = lines([kline(candle) for candle in CANDLES], KLINE_HEADER)
MICROSECONDS = lines([kline(candle, 1_000) for candle in CANDLES])
PLAIN = lines(CANDLES, ",".join(NAMES))


def _days(path: Path, header: bool) -> Path:
    """One file a day as Binance has them; the second is in µs, and its futures twin has a header."""
    path.mkdir()
    first, second = CANDLES[:2], CANDLES[2:]
    zipped(path / "BTCUSDT-1m-2024-12-31.zip", {"BTCUSDT-1m-2024-12-31.csv": lines([kline(row) for row in first])})
    later = lines([kline(row, 1_000) for row in second], KLINE_HEADER if header else "")
    zipped(path / "BTCUSDT-1m-2025-01-01.zip", {"BTCUSDT-1m-2025-01-01.csv": later})
    text(path / "BTCUSDT-1m-2025-01-01.zip.CHECKSUM", "0123456789abcdef  BTCUSDT-1m-2025-01-01.zip\n")
    return path


#: What it is → writes it into a directory and returns the path to give to ``--data``.
KINDS: dict[str, Callable[[Path], Path]] = {
    "Binance spot, csv without header": lambda at: text(at / "BTCUSDT-1m-2023-01.csv", SPOT),
    "Binance spot, zip": lambda at: zipped(at / "BTCUSDT-1m-2023-01.zip", {"BTCUSDT-1m-2023-01.csv": SPOT}),
    "Binance futures, zip with header": lambda at: zipped(at / "B.zip", {"BTCUSDT-1m-2025-01.csv": FUTURES}),
    "Binance spot in microseconds": lambda at: zipped(at / "B.zip", {"BTCUSDT-1m-2025-01.csv": MICROSECONDS}),
    "Binance, one zip of several days": lambda at: zipped(
        at / "days.zip",
        {
            "BTCUSDT-1m-2025-01-01.csv": lines([kline(row, 1_000) for row in CANDLES[3:]]),
            "BTCUSDT-1m-2024-12-31.csv": lines([kline(row) for row in CANDLES[:3]]),
        },
    ),
    "Binance, a directory of spot zips": lambda at: _days(at / "spot", header=False),
    "Binance, a directory of futures zips": lambda at: _days(at / "um", header=True),
    "Binance, a pattern of zips": lambda at: _days(at / "um", header=True) / "BTCUSDT-1m-*.zip",
    "freqtrade Feather, ms": lambda at: feathered(at / "BTC_USDT_USDT-1m-futures.feather", columns(stamps("ms"))),
    "freqtrade Feather, us": lambda at: feathered(at / "BTC_USDT-1m.feather", columns(stamps("us"))),
    "freqtrade Feather, ns": lambda at: feathered(at / "c.feather", columns(stamps("ns"))),
    "freqtrade Feather, int64": lambda at: feathered(at / "c.feather", columns(pa.array([row[0] for row in CANDLES]))),
    "Feather, int64 of ns": lambda at: feathered(at / "c.feather", columns(pa.array([row[0] * 10**6 for row in CANDLES]))),
    "Feather, dictionary-encoded dates": lambda at: feathered(at / "c.feather", columns(stamps("ms").dictionary_encode())),
    "Feather, dictionary-encoded prices": lambda at: feathered(
        at / "c.feather",
        columns(stamps("ms")).set_column(4, "close", pa.array([row[4] for row in CANDLES]).dictionary_encode()),
    ),
    "freqtrade JSON": lambda at: text(at / "BTC_USDT-1m.json", json.dumps(CANDLES)),
    "ccxt JSON, indented": lambda at: text(at / "c.json", json.dumps(CANDLES, indent=2)),
    "Binance REST JSON, twelve columns": lambda at: text(at / "c.json", json.dumps([kline(row) for row in CANDLES])),
    "JSON objects": lambda at: text(
        at / "c.json", json.dumps([dict(zip(("timestamp", *NAMES[1:]), row, strict=True)) for row in CANDLES])
    ),
    "TradingView, unix seconds": lambda at: text(
        at / "BINANCE_BTCUSDT.P, 1.csv",
        lines([[row[0] // 1_000, *row[1:]] for row in CANDLES], TRADING_VIEW),
    ),
    "TradingView, ISO": lambda at: text(
        at / "c.csv",
        lines(
            [[iso(row[0], 9, "%Y-%m-%dT%H:%M:%S") + "+09:00", *row[1:]] for row in CANDLES],
            TRADING_VIEW,
        ),
    ),
    "TradingView, ISO in UTC": lambda at: text(
        at / "c.csv",
        lines([[iso(row[0], 0, "%Y-%m-%dT%H:%M:%SZ"), *row[1:]] for row in CANDLES], TRADING_VIEW),
    ),
    "pandas, date index": lambda at: text(at / "c.csv", lines(_dates(CANDLES, 0, "+00:00"), PANDAS)),
    "pandas, unnamed index": lambda at: text(
        at / "c.csv", lines(_dates(CANDLES, 0, "+00:00"), ",open,high,low,close,volume")
    ),
    "pandas, +09:00": lambda at: text(at / "c.csv", lines(_dates(CANDLES, 9, "+09:00"), PANDAS)),
    "pandas, capital names": lambda at: text(
        at / "c.csv", lines(_dates(CANDLES, 0, "Z"), "Date,Open,High,Low,Close,Volume")
    ),
    "spaces around the cells": lambda at: text(at / "c.csv", PLAIN.replace(",", " , ")),
    "semicolons": lambda at: text(at / "c.csv", lines(CANDLES, ";".join(NAMES), ";")),
    "semicolons without header": lambda at: text(at / "c.txt", lines(CANDLES, "", ";")),
    "tabs": lambda at: text(at / "c.tsv", lines(CANDLES, "\t".join(NAMES), "\t")),
    "a byte order mark, lines as Windows ends them": lambda at: text(at / "c.csv", "\ufeff" + PLAIN.replace("\n", "\r\n")),
    "quoted names and cells": lambda at: text(
        at / "c.csv", lines([[f'"{cell}"' for cell in row] for row in CANDLES], ",".join(f'"{name}"' for name in NAMES))
    ),
    "gzip": lambda at: gzipped(at / "c.csv.gz", PLAIN),
    "gzip that is named .csv": lambda at: gzipped(at / "c.csv", SPOT),
    "JSON in gzip": lambda at: gzipped(at / "c.json.gz", json.dumps(CANDLES)),
    "Parquet, open_time in ms": lambda at: parqueted(
        at / "c.parquet", columns(pa.array([row[0] for row in CANDLES]), NAMES[0])
    ),
    "Parquet, open_time in us": lambda at: parqueted(
        at / "c.parquet", columns(pa.array([row[0] * 1_000 for row in CANDLES]), NAMES[0])
    ),
    "Parquet, index of pandas": lambda at: parqueted(at / "c.parquet", columns(stamps("ns"), "__index_level_0__")),
    "Parquet without an ending": lambda at: parqueted(at / "candles", columns(stamps("ms", "Asia/Seoul"))),
}


def utc(time: int) -> str:
    """An instant as a person reads it."""
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M")
