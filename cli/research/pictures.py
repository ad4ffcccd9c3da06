"""``ict pictures``: draw the pictures of docs/ict.md and docs/strategies.md."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

import typer

from cli.research.output import output
from cli.run.configuration import refuse
from research.plot.pictures import PICTURES, Specimens
from research.plot.png import digest_of, write_png
from research.plot.setup_cases import CASES, file_name
from research.plot.setup_pictures import picture_of_setup
from research.plot.setups import found_setups
from services.analysis.settings import AnalysisSettings
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def draw(directory: Path) -> None:
    """Draw every picture of ``PICTURES`` and, in ``strategies``, of ``CASES``; delete any other PNG.

    Exit 1 if a market lacks an event or setup to draw.
    """
    require("matplotlib", "a picture as PNG")
    without = [*_concepts(directory), *_strategies(directory / "strategies")]
    typer.echo(f"{len(PICTURES) + 2 * len(CASES) - len(without)} pictures in {directory}")
    if without:
        text = f"the generated market has no such event or setup: {', '.join(without)}; choose another seed"
        refuse(text, Exit.NEGATIVE)


def _concepts(directory: Path) -> list[str]:
    """Draw the pictures of the concepts; return those for which the market has no event."""
    specimens = Specimens(AnalysisSettings())
    without = []
    for name in PICTURES:
        picture = specimens.picture(name)
        if picture is None:
            without.append(name)
            continue
        with output(directory / f"{name}.png", "--to") as file:
            write_png(picture, file, scale=1.0)
    _delete_others(directory, {f"{name}.png" for name in PICTURES})
    return without


def _strategies(directory: Path) -> list[str]:
    """Draw both pictures of every strategy; return those for which the market has no setup."""
    analysis = AnalysisSettings()
    setups = found_setups(analysis)
    drawn = {file_name(each, signals=signals): (each, signals) for each in CASES for signals in (True, False)}
    without = []
    for name, (strategy, signals) in drawn.items():
        setup = setups.signal(strategy) if signals else setups.refusal(strategy)
        if setup is None:
            without.append(name)
            continue
        picture = picture_of_setup(setup, setups, analysis)
        with output(directory / name, "--to") as file:
            write_png(picture, file, scale=1.0, mark=digest_of(picture))
    _delete_others(directory, drawn)
    return without


def _delete_others(directory: Path, names: Container[str]) -> None:
    for path in directory.glob("*.png"):
        if path.name not in names:
            path.unlink()
