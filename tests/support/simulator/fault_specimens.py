"""Ties each kind of fault to the test that shows what a client sees of it, so that a kind without one is found."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from simulator.server.fault_kinds import FaultKind

_Test = TypeVar("_Test", bound=Callable[..., Any])


def specimen_of(*kinds: FaultKind) -> Callable[[_Test], _Test]:
    """Mark a test as the one that shows these kinds of faults to a bare client."""
    assert kinds, "name a kind"
    return lambda test: test


def shown_in(sources: Collection[str]) -> dict[str, list[str]]:
    """Return kind → names of the tests that show it, as the marks in these modules say."""
    shown: dict[str, list[str]] = {}
    for source in sources:
        for function in ast.walk(ast.parse(source)):
            if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef) and function.name.startswith("test_"):
                for mark in function.decorator_list:
                    for kind in _kinds(mark):
                        shown.setdefault(kind, []).append(function.name)
    return shown


def sources_in(folder: Path) -> list[str]:
    """Return the text of every test module of a folder."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("test_*.py"))]


def _kinds(mark: ast.expr) -> list[str]:
    if not (isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == specimen_of.__name__):
        return []
    return [each.value for each in mark.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
