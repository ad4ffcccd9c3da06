"""Generates the reference pages from the code (``ict docs``); a test fails if a page differs from the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cli.docs import (
    errors,
    evidence,
    filters,
    lifecycles,
    metrics,
    parameters,
    performance,
    protocol,
    reasons,
    settings,
    strategies,
    topology,
)

#: File name → function that renders its text.
PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings.render,
    "topology.md": topology.render,
    "lifecycles.md": lifecycles.render,
    "metrics.md": metrics.render,
    "reasons.md": reasons.render,
    "strategies.md": strategies.render,
    "evidence.md": evidence.render,
    "filters.md": filters.render,
    "errors.md": errors.render,
    "protocol.md": protocol.render,
    "performance.md": performance.render,
}


def write(directory: Path) -> list[Path]:
    """Write every page; return the paths of those that changed. Raises OSError if the directory cannot be written."""
    changed = []
    for path, text in _pages(directory):
        if _read(path) != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def drift(directory: Path) -> list[Path]:
    """Return the pages that are missing or differ from the code."""
    return [path for path, text in _pages(directory) if _read(path) != text]


def _pages(directory: Path) -> list[tuple[Path, str]]:
    pages = [(directory / name, page()) for name, page in PAGES.items()]
    concepts = directory / "ict.md"  # written by hand, except for its lists of parameters
    if (text := _read(concepts)) is not None:
        pages.append((concepts, parameters.refreshed(text)))
    return pages


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
