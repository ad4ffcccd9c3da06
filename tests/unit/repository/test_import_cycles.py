"""No circle among the modules of the product: each can be read, and built, after what it imports."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest

PACKAGES = ("shared", "services", "simulator", "research", "cli")


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or over others (Tarjan's components of two and more)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_modules: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        open_modules.append(module)
        for imported in sorted(imports.get(module, ())):
            if imported not in number:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in open_modules:
                lowest[module] = min(lowest[module], number[imported])
        if lowest[module] == number[module]:
            place = open_modules.index(module)
            group = sorted(open_modules[place:])
            del open_modules[place:]
            if len(group) > 1:
                found.append(group)

    for module in sorted(imports):
        if module not in number:
            visit(module)
    return found


def test_no_modules_import_each_other() -> None:
    """What is imported for annotations only does not count; what a function imports when it is called does."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    assert len(graph.modules) > 400
    assert circles({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}) == []


def test_a_circle_over_three_modules_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen: a imports b, b imports c inside a function, c imports a."""
    package = tmp_path / "circular_specimen"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from circular_specimen import b\n")
    (package / "b.py").write_text("def use():\n    from circular_specimen import c\n    return c\n")
    (package / "c.py").write_text("import circular_specimen.a\n")
    (package / "d.py").write_text("from circular_specimen import a\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    graph = grimp.build_graph("circular_specimen", cache_dir=None)
    found = circles({module: graph.find_modules_directly_imported_by(module) for module in graph.modules})
    assert found == [["circular_specimen.a", "circular_specimen.b", "circular_specimen.c"]]
