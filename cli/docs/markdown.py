"""The few forms of Markdown that the reference pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Stands under the title of every page.
GENERATED = "*Made from the code by `make docs`; do not edit: the tests compare the two.*"


def page(title: str, *parts: str) -> str:
    """A whole page of a title and its parts."""
    return "\n\n".join([f"# {title}", GENERATED, *parts]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped, so that patterns with ``|`` stay whole."""
    lines = [_row(header), "|" + "---|" * len(header), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Write text as inline code; empty text gives an empty string."""
    return f"`{text}`" if text else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
