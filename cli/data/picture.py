"""``ict data check --picture``: the series of a candle repository, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.data.quality import Checked
from cli.research.output import output
from cli.run.configuration import refuse
from research.plot.history import Row, history_picture, in_columns
from research.plot.html import write_html
from research.plot.png import write_png
from research.plot.theme import THEMES
from shared.candles.errors import Damaged
from shared.candles.kinds import FUNDING, timeframe_of
from shared.domain.timeframes import MINUTE
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def refuse_other_kinds(out: Path) -> None:
    """End the command when the file cannot become a picture."""
    if out.suffix.lower() not in (".png", ".html"):
        refuse(f"--picture {out}: end it with .png or .html", Exit.USAGE)
    if out.suffix.lower() == ".png":
        require("matplotlib", "a picture as PNG")


def draw(every: Sequence[Checked], out: Path) -> None:
    """Draw all candles and funding rates that can be read, on one axis of time. Exit 1 when there is none of them, or no
    file can be written."""
    shown = [each for each in every if timeframe_of(each.series.kind) is not None or each.series.kind == FUNDING]
    spans = [(each.report.first, each.report.last) for each in shown if each.report is not None and each.report.rows]
    if not spans:
        refuse("--picture: no series of a candle repository can be read here; type: ict data list", Exit.NEGATIVE)
    start, end = min(first for first, _ in spans), max(last for _, last in spans) + MINUTE
    theme = THEMES["light"]
    try:
        rows = [_row(each, start, end) for each in shown if each.report is not None and each.report.rows]
    except Damaged as error:
        refuse(str(error), Exit.NEGATIVE)
    picture = history_picture(rows, start, end, theme)
    with output(out, "--picture") as file:
        if out.suffix.lower() == ".png":
            write_png(picture, file, scale=1.0)
        else:
            write_html(picture, file, text=theme.text, faint=theme.faint)


def _row(each: Checked, start: int, end: int) -> Row:
    report = each.report
    assert report is not None
    notable = [spot.at for spots in (report.outliers, report.jumps) for spot in spots.first]
    series = each.series
    return in_columns(series.symbol, series.kind, series.chunks(), start, end, notable, wrong=not each.good)
