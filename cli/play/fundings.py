"""Which funding a played market has: the repository's rates where they stand beside the candles, else one constant rate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cli.settings import Settings
from services.ingest.candle_source import CandleSource, Defect, SourceRefused
from shared.candles.errors import Damaged
from shared.candles.kinds import FUNDING
from shared.candles.repository import extent_of, stored_below
from shared.domain.timeframes import DAY, MINUTE
from simulator.market.funded_source import FundedSource, Fundings
from simulator.market.funding import ConstantFunding, PlayedFunding

#: How long before the first candle a rate may be the last that was settled, and how late after it the next one, ms.
_REACH: Final = DAY


def with_fundings(
    settings: Settings, source: CandleSource, files: Mapping[str, Path], chosen: Mapping[str, Path] = MappingProxyType({})
) -> FundedSource:
    """The market with the rates that its candles know and that are paid in it. files: symbol → path, as it was opened.

    chosen: symbol → file of rates, which counts before the one beside the candles. Raises SourceRefused for rates that are
    damaged.
    """
    return FundedSource(source, _fundings(settings, source, files, chosen))


def fundings_of(settings: Settings, source: CandleSource) -> Fundings:
    """The fundings that a market brings, else the constant rate of the settings."""
    if isinstance(source, FundedSource):
        return source.fundings
    return ConstantFunding(settings.symbols, settings.market.funding_rate)


def _fundings(settings: Settings, source: CandleSource, files: Mapping[str, Path], chosen: Mapping[str, Path]) -> Fundings:
    rate = settings.market.funding_rate
    if not files and not chosen:
        return ConstantFunding(source.symbols, rate)
    opened, recorded = source.first - MINUTE, dict(chosen)
    for symbol in files.keys() - chosen.keys():
        found = _beside(files[symbol], opened)
        if found is not None:
            recorded[symbol] = found
    return PlayedFunding(source.symbols, rate, recorded, opened)


def _beside(path: Path, start: int) -> Path | None:
    """The directory of the funding rates that stand beside a series of candles, if they reach back to ``start``, UTC ms.

    Raises SourceRefused.
    """
    if not stored_below(path):
        return None
    for series in stored_below(path.parent / FUNDING):
        try:
            extent = extent_of(series)
        except Damaged as error:
            defect = Defect(file=str(series.directory), row=0, reason="unreadable", text=str(error))
            raise SourceRefused([defect]) from error
        if extent.rows and extent.first <= start + _REACH and extent.last >= start:
            return series.directory
    return None
