"""From settings and options to the market that is played: recorded files or the generator, and its funding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from cli.data.options import BadOption
from cli.play.fundings import with_fundings
from cli.settings import Settings
from services.ingest.files.reading import AS_THEY_ARE, Reading
from shared.domain.timeframes import FINEST, is_boundary
from simulator.market.funded_source import FundedSource


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
    """The settings with the symbols of the given files instead of their own; unchanged without files. Raises BadOption."""
    if not files:
        return settings
    symbols = tuple(sorted(files))
    market = {**settings.market.model_dump(), "source": "generator", "files": {}}  # these files are the market
    try:
        return Settings.model_validate({**settings.model_dump(), "symbols": symbols, "market": market})
    except ValidationError as error:
        reasons = "; ".join(each["msg"] for each in error.errors())
        raise BadOption(f"--data: the configuration cannot be used with {', '.join(symbols)}: {reasons}") from None


def open_source(
    settings: Settings,
    files: Mapping[str, Path],
    start: int | None,
    end: int | None,
    reading: Reading = AS_THEY_ARE,
    fundings: Mapping[str, Path] = MappingProxyType({}),
) -> FundedSource:
    """Open the recorded or the generated market, with its fundings. fundings: symbol → file of rates.

    Raises SourceRefused with every defect of the files, BadOption for candles that are said to
    be longer than a minute.
    """
    minutes_only(reading)
    if not files and settings.market.source == "files":
        files = settings.market.files
    if files:
        from services.ingest.files.file_source import FileSource

        return with_fundings(settings, FileSource(files, start, end, reading=reading), files, fundings)
    from research.backtest.beside import reads_of
    from simulator.market.generator import DEFAULT_START, GeneratedMarket

    if start is not None and not is_boundary(start, FINEST):
        raise BadOption("--from: the generated market begins at a whole minute, like 2025-05-04T12:00")
    begin = DEFAULT_START if start is None else start
    market, flow = settings.market, reads_of(settings.signals).flow
    return with_fundings(
        settings, GeneratedMarket(settings.symbols, begin, market.days, market.seed, flow=flow), {}, fundings
    )


def minutes_only(reading: Reading) -> None:
    """Raises BadOption where the user says that the candles are longer than a minute: only minutes are played."""
    if reading.interval not in (None, FINEST):
        raise BadOption(f"--interval {reading.interval}: one-minute candles are played here; give files of 1m")
