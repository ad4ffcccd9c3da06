"""A docstring says what its subject does: it sends nobody elsewhere to find out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.support.repository.source_text import ROOT, sources

#: First words that say nothing of the subject.
_ELSEWHERE: Final = re.compile(r"(See the module|See above|As above)\b")


def pointers(source: str) -> Iterator[int]:
    """Lines of classes and functions whose docstring begins by pointing elsewhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None and _ELSEWHERE.match(text):
                yield node.lineno


def test_no_docstring_begins_by_pointing_elsewhere() -> None:
    places = {path.relative_to(ROOT).as_posix(): list(pointers(path.read_text(encoding="utf-8"))) for path in sources()}
    assert {place: lines for place, lines in places.items() if lines} == {}


def test_docstring_that_points_elsewhere_is_caught() -> None:
    assert list(pointers('class Feed:\n    """See the module. ``ticks``: sends the clock."""\n')) == [1]
