"""The pictures of strategies: a setup that signals and one that a single gate refuses, drawn by the cores that trade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from cli.docs import strategies
from research.plot.png import digest_of, marked, write_png
from research.plot.setup_cases import CASES, file_name
from research.plot.setup_pictures import picture_of_setup
from research.plot.setups import Setup, Setups, found_setups
from research.plot.shapes import Line, Picture, Text
from services.analysis.settings import AnalysisSettings
from services.signals.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "docs" / "pictures" / "strategies"
BOTH = [(name, signals) for name in CASES for signals in (True, False)]


@pytest.fixture(scope="module")
def setups() -> Setups:
    return found_setups(AnalysisSettings())


def shown(setups: Setups, name: str, *, signals: bool) -> tuple[Setup, Picture]:
    setup = setups.signal(name) if signals else setups.refusal(name)
    assert setup is not None, "the market has no such setup: choose another seed in research/plot/setups.py"
    return setup, picture_of_setup(setup, setups, AnalysisSettings())


def words(picture: Picture) -> Iterator[str]:
    yield picture.title
    yield from (shape.text for shape in picture.shapes if isinstance(shape, Text))


@pytest.mark.parametrize("name", CASES)
def test_the_setup_that_must_not_fire_fails_exactly_the_gate_that_the_picture_names(setups: Setups, name: str) -> None:
    """SIG-3, SIG-4, SIG-7: every other gate that was asked holds."""
    setup, picture = shown(setups, name, signals=False)
    assert setup.signal is None
    assert [gate.name for gate in setup.gates if not gate.passed] == [CASES[name].gate]
    assert picture.title == f"{name}: no signal, gate {CASES[name].gate} fails"
    refused_by = setup.refused_by
    assert refused_by is not None
    assert refused_by.text in " ".join(words(picture))


@pytest.mark.parametrize("name", CASES)
def test_the_setup_that_fires_is_drawn_with_entry_stop_and_every_target(setups: Setups, name: str) -> None:
    """SIG-3, SIG-4, SIG-7: each of these prices has its line, and its word with the price."""
    setup, picture = shown(setups, name, signals=True)
    signal = setup.signal
    assert signal is not None
    assert all(gate.passed for gate in setup.gates)
    said = [found[1] for each in words(picture) if (found := re.fullmatch(r"(entry|stop|exit) [\d,.]+", each))]
    assert sorted(said) == ["entry", *["exit"] * len(signal.exits), "stop"]
    lines = [shape for shape in picture.shapes if isinstance(shape, Line) and shape.group == "signals"]
    assert len(lines) == 2 + len(signal.exits)
    assert all(0.0 < line.y1 < 400.0 for line in lines)


@pytest.mark.parametrize(("name", "signals"), BOTH)
def test_every_label_lies_inside_of_the_picture(setups: Setups, name: str, signals: bool) -> None:
    _, picture = shown(setups, name, signals=signals)
    for shape in picture.shapes:
        if isinstance(shape, Text):
            assert 0.0 <= shape.x <= picture.width
            assert 0.0 < shape.y <= picture.height


@pytest.mark.parametrize(("name", "signals"), BOTH)
def test_the_files_are_those_that_the_command_draws_now(setups: Setups, name: str, signals: bool) -> None:
    """`make pictures` draws them again."""
    path = PICTURES / file_name(name, signals=signals)
    _, picture = shown(setups, name, signals=signals)
    assert marked(path.read_bytes()) == digest_of(picture), "type: make pictures"
    assert path.stat().st_size < 60_000


def test_a_picture_that_changed_is_noticed() -> None:
    """The specimen: one letter, one pixel; and a file without a mark."""
    text, line = Text(1.0, 2.0, "stop", 10.0, "#000000"), Line(0.0, 0.0, 9.0, 9.0, "#000000")
    picture = Picture(100.0, 50.0, "#ffffff", "title", [text, line])
    changed = [replace(picture, shapes=each) for each in ([replace(text, text="Stop"), line], [text, replace(line, x2=8.0)])]
    assert len({digest_of(each) for each in (picture, *changed)}) == 3
    for mark in ("", digest_of(picture)):
        file = BytesIO()
        write_png(picture, file, 1.0, mark=mark)
        assert marked(file.getvalue()) == mark


def test_the_page_shows_both_pictures_of_every_strategy_that_has_rules() -> None:
    """SIG-3, OPS-8: no other file lies there."""
    linked = re.findall(r"\(pictures/strategies/([a-z-]+\.png)\)", strategies.render())
    assert set(CASES) == {name for name, strategy in STRATEGIES.items() if not strategy.drill}
    assert sorted(linked) == sorted(file_name(name, signals=signals) for name, signals in BOTH)
    assert {path.name for path in PICTURES.iterdir()} == set(linked)
