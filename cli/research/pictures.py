"""``ict pictures``: draw the pictures of docs/ict.md."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.research.output import output
from cli.run.configuration import refuse
from research.plot.pictures import PICTURES, Specimens
from research.plot.png import write_png
from services.analysis.settings import AnalysisSettings
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def draw(directory: Path) -> None:
    """Draw every picture of ``PICTURES`` and delete any other PNG. Exit 1 if the market lacks an event to draw."""
    require("matplotlib", "a picture as PNG")
    specimens = Specimens(AnalysisSettings())
    without = []
    for name in PICTURES:
        picture = specimens.picture(name)
        if picture is None:
            without.append(name)
            continue
        with output(directory / f"{name}.png", "--to") as file:
            write_png(picture, file, scale=1.0)
    for path in directory.glob("*.png"):
        if path.stem not in PICTURES:
            path.unlink()
    typer.echo(f"{len(PICTURES) - len(without)} pictures in {directory}")
    if without:
        refuse(f"the generated market has no such event: {', '.join(without)}; choose another seed", Exit.NEGATIVE)
