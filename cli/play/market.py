"""From settings and options to the market that is played: recorded files or the generator, and its funding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli.settings import Settings
from services.ingest.candle_source import CandleSource


class BadOption(Exception):
    """A command-line option that cannot be used; the text says which and what is allowed."""


def parse_data(options: Sequence[str], name: str = "--data") -> dict[str, Path]:
    """``BTCUSDT=candles.parquet`` options of that name → symbol → file. Raises BadOption."""
    files: dict[str, Path] = {}
    for option in options:
        symbol, equals, path = option.partition("=")
        if not equals or not symbol or not path:
            raise BadOption(f"{name} {option}: write it as SYMBOL=FILE, for example BTCUSDT=candles.parquet")
        if symbol in files:
            raise BadOption(f"{name} {option}: {symbol} is given twice; one file a symbol")
        files[symbol] = Path(path)
    return files


def parse_date(option: str, text: str | None) -> int | None:
    """An ISO date or date-time, UTC unless it says otherwise → epoch ms. Raises BadOption."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadOption(f"{option} {text}: write a date like 2025-05-04 or 2025-05-04T12:00 (UTC)") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def parse_speed(text: str) -> float | None:
    """``max`` → None, else a positive number of market seconds per second. Raises BadOption."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise BadOption(f"--speed {text}: write max, or a positive number (60 = one market minute a second)")
    return speed


def with_symbols_of(settings: Settings, files: Mapping[str, Path]) -> Settings:
    """The settings with the symbols of the given files instead of their own; unchanged without files."""
    if not files:
        return settings
    market = {**settings.market.model_dump(), "source": "generator", "files": {}}  # these files are the market
    return Settings.model_validate({**settings.model_dump(), "symbols": tuple(sorted(files)), "market": market})


def open_source(settings: Settings, files: Mapping[str, Path], start: int | None, end: int | None) -> CandleSource:
    """The recorded or generated market. Raises SourceRefused with every defect of the files."""
    if not files and settings.market.source == "files":
        files = settings.market.files
    if files:
        from services.ingest.files.file_source import FileSource

        return FileSource(files, start, end)
    from simulator.market.generator import DEFAULT_START, GeneratedMarket

    return GeneratedMarket(
        settings.symbols, DEFAULT_START if start is None else start, settings.market.days, settings.market.seed
    )
