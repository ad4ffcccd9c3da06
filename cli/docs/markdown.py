"""Renders Markdown: pages, tables and code spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: The line under the title of every page.
GENERATED = "*Generated from the code by `make docs`; do not edit: a test compares the two.*"


def page(title: str, *parts: str) -> str:
    """Render a page: title, note that it is generated, parts."""
    return "\n\n".join([f"# {title}", GENERATED, *parts]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a table; ``|`` and line ends in cells are escaped."""
    lines = [_row(header), "|" + "---|" * len(header), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Write text as inline code; empty text gives an empty string."""
    return f"`{text}`" if text else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
