"""Writes the lists of parameters into docs/ict.md: the settings of a concept with their defaults, between two marks.

``<!-- parameters: fvg, cross.smt -->`` begins a list of these sections or fields of ``analysis``; ``<!-- end -->`` ends it.
The text between them is generated from the settings; the rest of the page is written by hand.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from cli.docs.settings import plain
from services.analysis.settings import AnalysisSettings

_MARKED: Final = re.compile(r"<!-- parameters: (?P<names>[^>]*?) -->\n(?:.*?\n)??<!-- end -->", re.DOTALL)
_WIDTH: Final = 138
#: Stands for a space between a name and its default, where no line may break.
_GLUE: Final = "\0"


class NoSuchParameters(ValueError):
    """A mark names a setting that ``analysis`` does not have."""


def refreshed(page: str) -> str:
    """Return the page with every list generated anew. Raises NoSuchParameters."""
    return _MARKED.sub(lambda mark: _list(mark["names"]), page)


def named(page: str) -> list[str]:
    """Return the sections and fields that the page's marks name, in order."""
    return [name for mark in _MARKED.finditer(page) for name in _split(mark["names"])]


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


def _list(names: str) -> str:
    sections: dict[str, list[str]] = {}
    for name in _split(names):
        value = _of(name)
        section = name if isinstance(value, BaseModel) else name.rpartition(".")[0]
        for path, default in _below(name, value):
            inside = path.removeprefix(f"{section}.")
            sections.setdefault(section, []).append(f"`{inside}` {default}".replace(" ", _GLUE))
    lists = [f"`{f'analysis.{section}'.rstrip('.')}`: {'; '.join(words)}." for section, words in sections.items()]
    text = textwrap.fill(f"**Parameters.** {' '.join(lists)}", _WIDTH, break_on_hyphens=False).replace(_GLUE, " ")
    return f"<!-- parameters: {names} -->\n{text}\n<!-- end -->"


def _of(name: str) -> object:
    value: object = AnalysisSettings()
    for step in name.split("."):
        if not isinstance(value, BaseModel) or step not in type(value).model_fields:
            raise NoSuchParameters(f"there is no setting analysis.{name}; correct the mark in docs/ict.md")
        value = getattr(value, step)
    return value


def _below(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        for step in type(value).model_fields:
            yield from _below(f"{path}.{step}", getattr(value, step))
    else:
        yield path, plain(value)
