"""The pages on ICT: every kind of fact is explained, every picture shows what it is named after and can be drawn again."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from research.plot.pictures import PICTURES, Specimens
from research.plot.shapes import Line, Polygon, Rect, Text
from research.plot.specimens import candles
from research.plot.theme import style_of
from services.analysis.fvg_fill import load_model
from services.analysis.settings import AnalysisSettings
from shared.domain.facts import FactKind

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "ict.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def specimens() -> Specimens:
    return Specimens(AnalysisSettings())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_the_fact_it_is_named_after(specimens: Specimens, name: str) -> None:
    """ICT-15: a real detection of the engine, not a drawing."""
    picture = specimens.picture(name)
    assert picture is not None, "the made-up market has no such fact: choose another seed in research/plot/pictures.py"
    wanted = PICTURES[name]
    group = "sessions" if wanted.windows and wanted.kind == "kill_zone" else style_of(wanted.kind, has_height=True).group
    drawn = [shape for shape in picture.shapes if isinstance(shape, Rect | Line | Polygon | Text) and shape.group == group]
    assert any(0 <= _left(shape) <= picture.width for shape in drawn)


def _left(shape: Rect | Line | Polygon | Text) -> float:
    if isinstance(shape, Line):
        return shape.x1
    return shape.points[0][0] if isinstance(shape, Polygon) else shape.x


def test_every_picture_of_the_pages_is_there_small_and_of_the_table() -> None:
    """Under 60 KB each, made by one command (`make pictures`)."""
    linked = set(re.findall(r"\(pictures/([a-z-]+)\.png\)", PAGE))
    there = {path.stem for path in (DOCS / "pictures").glob("*.png")}
    assert linked == there == set(PICTURES)
    assert all(path.stat().st_size < 60_000 for path in (DOCS / "pictures").glob("*.png"))


@pytest.mark.parametrize("kind", get_args(FactKind))
def test_every_kind_of_fact_is_explained(kind: str) -> None:
    """Each concept has its definition on the page, under the name that it has in messages."""
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("of", ["all", "BTCUSDT", "ETHUSDT"])
def test_the_scores_on_the_page_are_those_of_the_model_that_ships(of: str) -> None:
    """ICT-6: rows, filled, and the Brier scores on months that it has not seen: below both base rates."""
    score = load_model(None).scores[of]  # type: ignore[union-attr]  # it ships
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {of} | ")]
    rows, filled, *brier = (cell.strip() for cell in line.strip("|").split("|")[1:])
    assert (rows, filled) == (f"{score['rows']:,.0f}", f"{score['filled']:.1%}")
    assert brier == [f"{score[name]:.4f}" for name in ("brier", "brier_base_rate", "brier_base_rate_of_timeframe")]
    assert score["brier"] < min(score["brier_base_rate"], score["brier_base_rate_of_timeframe"])


def test_the_made_up_market_is_the_same_everywhere() -> None:
    made = candles(500, seed=11)
    assert made == candles(500, seed=11)
    assert (made[0].open_time, made[0].open, made[-1].close) == (1_772_409_600_000, 60_000.0, made[-1].close)
    assert all(later.open_time - one.open_time == 900_000 for one, later in pairwise(made))
