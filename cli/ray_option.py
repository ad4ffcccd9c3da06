"""The option ``--ray`` of the commands whose work several machines can do."""

from __future__ import annotations

from typing import Annotated

import typer

Ray = Annotated[
    str | None,
    typer.Option("--ray", help="HOST:PORT of a Ray cluster's head, or auto: all its CPUs work, instead of --jobs processes"),
]
