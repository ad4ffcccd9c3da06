"""Writes ``report.html`` into the directory of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from pydantic import ValidationError

from research.backtest.result import Result, write_result
from research.backtest.tape import Tape
from research.report.build import measures_of, page_with
from research.report.model import Page
from research.report.page import html_of
from research.report.record import UnreadableRecord, read_record
from research.report.told import Hours
from research.whole_file import whole_file
from services.analysis.settings import AnalysisSettings

#: The file's name in the directory of a run.
REPORT: Final = "report.html"


def write(directory: Path, candles: Tape) -> Path:
    """Write the report of the run in ``directory``, with the candles that it was played on; return its path.

    The same run leaves the same bytes, and an older report stays until the new one is whole. Raises FileNotFoundError
    (there is no result), UnreadableResult, UnreadableRecord, NotItsCandles, OSError.
    """
    page, _ = _built(directory, candles)
    return _kept(directory, page)


def write_measured(directory: Path, candles: Tape) -> Result:
    """Write the measures of the run into its ``result.json``, then its report; return the result. Raises as ``write``."""
    page, result = _built(directory, candles)
    write_result(directory, result)
    _kept(directory, page)
    return result


def _built(directory: Path, candles: Tape) -> tuple[Page, Result]:
    record = read_record(directory)
    try:
        analysis = AnalysisSettings.model_validate(record.result.settings.get("analysis", {}))
    except ValidationError as error:
        raise UnreadableRecord(f"{directory}: its settings are of another version ({error}); play the run again") from None
    hours = Hours(analysis.timetable, record.result.first, record.result.last)
    measures = measures_of(record, candles, hours)
    result = msgspec.structs.replace(record.result, performance=measures.performance, intervals=measures.intervals)
    return page_with(record, candles, analysis.timetable, hours, measures), result


def _kept(directory: Path, page: Page) -> Path:
    path = directory / REPORT
    with whole_file(path) as file:
        file.write(html_of(page))
    return path
