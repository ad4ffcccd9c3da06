"""The picture of a repository: complete is complete at every scale, a hole is where it is, and it can be written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from research.plot.history import COLUMNS, history_picture, in_columns
from research.plot.png import write_png
from research.plot.shapes import Rect, Text
from research.plot.theme import THEMES
from shared.candles.kinds import Kind, part, step_of
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY, MINUTE, TIMEFRAMES
from shared.runtime.process.exits import Exit
from tests.support.candles.rows import NEW_YEAR, candles

LIGHT = THEMES["light"]


@given(st.sampled_from(TIMEFRAMES), st.integers(1, 5_000), st.integers(0, 400), st.integers(1, 400), st.integers(1, 999))
def test_series_without_a_gap_is_complete_at_every_scale(kind: Kind, count: int, before: int, after: int, rows: int) -> None:
    """DATA-7: however its rows fall into the columns."""
    step = step_of(kind) or 0
    whole = candles(count, NEW_YEAR, step)
    chunks = [part(whole, begin, begin + rows) for begin in range(0, count, rows)]
    row = in_columns("BTCUSDT", kind, chunks, NEW_YEAR - before * step, NEW_YEAR + (count + after) * step, (), wrong=False)
    known = row.share[row.share >= 0]
    assert len(known) > 0
    assert (known == 1.0).all()


def test_hole_is_drawn_where_it_is() -> None:
    """DATA-7: a tenth of the span is missing; half of the columns at its edges may be."""
    rows = candles(8_000)
    kept = np.ones(8_000, dtype=bool)
    kept[4_000:4_800] = False
    end = NEW_YEAR + 8_000 * MINUTE
    row = in_columns("BTCUSDT", "1m", [tuple(column[kept] for column in rows)], NEW_YEAR, end, (), wrong=False)
    assert (row.share[400:480] == 0.0).all()
    assert (np.delete(row.share, np.arange(400, 480)) == 1.0).all()
    picture = history_picture([row], NEW_YEAR, end, LIGHT)
    holes = [shape for shape in picture.shapes if isinstance(shape, Rect) and shape.fill == LIGHT.bearish]
    assert [hole.width for hole in holes] == [12.0, 80.0], "the legend's, and the hole"


def test_funding_that_is_paid_late_is_complete() -> None:
    """DATA-8: settlements are stamped some milliseconds late."""
    times = NEW_YEAR + np.arange(3_000) * 8 * 3_600_000 + np.arange(3_000) % 7
    rates = np.full(3_000, 0.0001)
    row = in_columns("BTCUSDT", "funding", [(times, rates)], NEW_YEAR, int(times[-1]) + MINUTE, (), wrong=False)
    assert (row.share == 1.0).all()


def test_wrong_and_notable_are_marked() -> None:
    rows = candles(1_000)
    end = NEW_YEAR + 1_000 * MINUTE
    row = in_columns("BTCUSDT", "1m", [rows], NEW_YEAR, end, [NEW_YEAR + 500 * MINUTE], wrong=True)
    picture = history_picture([row], NEW_YEAR, end, LIGHT)
    assert any(isinstance(shape, Text) and shape.text == "1m, wrong" for shape in picture.shapes)
    marks = [shape.x for shape in picture.shapes if isinstance(shape, Rect) and shape.fill == LIGHT.neutral]
    assert len(marks) == 2, "the legend's, and the outlier"
    assert marks[1] == pytest.approx(96.0 + COLUMNS / 2, abs=1.5)


def test_empty_series_is_a_row_without_anything() -> None:
    row = in_columns("BTCUSDT", "1m", [], NEW_YEAR, NEW_YEAR + DAY, (), wrong=False)
    picture = history_picture([row], NEW_YEAR, NEW_YEAR + DAY, LIGHT)
    file = io.BytesIO()
    write_png(picture, file, scale=1.0)
    assert file.getvalue().startswith(b"\x89PNG")


def test_check_writes_the_picture_whole_or_says_why_not(tmp_path: Path) -> None:
    """DATA-7: table, JSON and picture."""
    series = Repository(tmp_path / "store").series("BTCUSDT")
    with series.locked():
        series.add([candles(3_000)])

    def check(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["data", "check", *map(str, arguments)])
        return done.exit_code, done.output

    for name, beginning in (("h.png", b"\x89PNG"), ("h.html", b"<!doctype html>")):
        assert check(tmp_path / "store", "--picture", tmp_path / name)[0] == Exit.OK
        assert (tmp_path / name).read_bytes().lower().startswith(beginning.lower())
    code, said = check(tmp_path / "store", "--picture", tmp_path / "h.jpg")
    assert (code, "end it with .png or .html" in said) == (Exit.USAGE, True)
    code, said = check(tmp_path / "nothing", "--picture", tmp_path / "h.png")
    assert (code, "no series of a candle repository" in said) == (Exit.NEGATIVE, True)
