"""``ict data check`` on the candle repository: the quality of every series, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from cli.data.store import minute
from services.ingest.history.coarser import Comparison, compare
from services.ingest.history.quality_report import QualityReport, Spots, report_on
from shared.candles.errors import Damaged
from shared.candles.kinds import FUNDING, step_of, timeframe_of
from shared.candles.series import Series
from shared.domain.timeframes import FINEST


class Checked(NamedTuple):
    """One series. report: None when it is damaged, which ``damage`` says. comparison: of a longer timeframe with minutes."""

    series: Series
    report: QualityReport | None
    comparison: Comparison | None
    damage: str

    @property
    def good(self) -> bool:
        """False when rows are wrong or cannot be read; gaps and outliers are notes."""
        wrong = self.comparison is not None and bool(self.comparison.prices)
        return self.report is not None and self.report.good and not wrong


def checked(series: Series) -> Checked:
    """Read the whole series once, and its minutes beside it where it is of a longer timeframe."""
    comparison = None
    try:
        report = report_on(series.symbol, series.kind, series.chunks())
        minutes = Series(series.directory.parent / FINEST, series.symbol, FINEST)
        timeframe = timeframe_of(series.kind)
        if timeframe is not None and timeframe != FINEST and minutes.exists:
            comparison = compare(minutes, series, timeframe)
    except Damaged as error:
        return Checked(series, None, None, str(error))
    return Checked(series, report, comparison, "")


def as_json(found: Checked) -> dict[str, object]:
    """One object: the report, the comparison, and whether it is good."""
    return {
        "path": str(found.series.directory),
        "symbol": found.series.symbol,
        "kind": found.series.kind,
        "good": found.good,
        "damage": found.damage or None,
        "report": None if found.report is None else msgspec.to_builtins(found.report),
        "comparison": None if found.comparison is None else msgspec.to_builtins(found.comparison),
    }


def show(console: Console, every: Sequence[Checked]) -> None:
    """Print a table with a line a series, and what is notable below."""
    table = Table("symbol", "kind", box=SIMPLE, padding=0)
    for title in ("rows", "missing", "gaps", "outliers", "silent", "jumps"):
        table.add_column(title, justify="right")
    table.add_column("good")
    for found in every:
        report = found.report
        if report is None or not report.rows:
            table.add_row(found.series.symbol, found.series.kind, *[""] * 6, "yes" if found.good else "no")
            continue
        counts = (report.rows, report.missing, report.gaps.count, report.outliers.count, report.silent.count)
        table.add_row(
            report.symbol,
            report.kind,
            *(f"{count:,}" for count in (*counts, report.jumps.count)),
            "yes" if found.good else "no",
        )
    console.print(table)
    for found in every:
        for text in statements(found):
            console.print(text, highlight=False, markup=False, soft_wrap=True)


def statements(found: Checked) -> list[str]:
    """What a person should know of one series, the wrong before the notable."""
    name = f"{found.series.symbol} {found.series.kind}"
    if found.report is None:
        return [f"damaged: {name}: {found.damage}"]
    report = found.report
    told = []
    if report.disorder:
        told.append(f"wrong: {name}: {report.disorder:,} rows are not later than the row before")
    told += [f"wrong: {name}: {count:,} rows are {reason}" for reason, count in sorted(report.faults.items())]
    comparison = found.comparison
    if comparison is not None:
        told += _compared(name, comparison)
    unit = "rows missing" if step_of(report.kind) is not None else "hours without one"
    unit = {FUNDING: "hours without a payment"}.get(report.kind, "candles missing" if timeframe_of(report.kind) else unit)
    for spots, what in (
        (report.gaps, f"the longest gap is {{size:,.10g}} {unit} from {{at}} on"),
        (report.outliers, "the widest outlier spans {size:.4g} % at {at}"),
        (report.silent, "the longest run without a trade is {size:,.10g} candles from {at} on"),
        (report.jumps, "the largest jump from close to open is {size:.4g} % at {at}"),
    ):
        told += _worst(name, spots, what)
    return told


def _worst(name: str, spots: Spots, what: str) -> list[str]:
    if spots.worst is None:
        return []
    return [f"note: {name}: {what.format(size=spots.worst.size, at=minute(spots.worst.at))}"]


def _compared(name: str, comparison: Comparison) -> list[str]:
    told = []
    if comparison.prices:
        at = minute(comparison.first_differing)
        told.append(
            f"wrong: {name}: {comparison.prices:,} of {comparison.compared:,} candles have other prices than their minutes, "
            f"the first at {at}"
        )
    if comparison.volumes:
        told.append(f"note: {name}: {comparison.volumes:,} of {comparison.compared:,} candles have another volume")
    if not comparison.prices and comparison.compared:
        told.append(f"note: {name}: {comparison.compared:,} candles have the prices that their minutes give")
    return told
