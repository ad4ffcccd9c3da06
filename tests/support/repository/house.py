"""The house that tests live in: folders that mirror the packages, names that say the result, sleeps that have a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

KINDS: Final = ("unit", "contract", "integration", "property")
#: Folders that serve no package: the repository, what deploys it, and the system as a whole.
NO_PACKAGE: Final = {"unit/repository", "unit/deploy", "integration/deploy", "property/system"}


def strays(tests: Path, root: Path) -> list[str]:
    """Folders with tests, relative to ``tests``, that mirror no folder of the source."""
    homes = {path.parent.relative_to(tests) for kind in KINDS for path in (tests / kind).rglob("test_*.py")}
    return sorted(
        home.as_posix()
        for home in homes
        if home.as_posix() not in NO_PACKAGE and not (root / Path(*home.parts[1:])).is_dir()
    )


def vague_names(source: str) -> list[str]:
    """Tests whose name begins with "what": its subject is missing."""
    return [test.name for test in _tests(ast.parse(source)) if test.name.startswith("test_what")]


def fixed_sleeps(source: str) -> list[int]:
    """Lines that sleep for a written number of seconds and are in no loop that ends on a condition."""
    tree = ast.parse(source)
    polled = {id(inner) for loop in ast.walk(tree) if isinstance(loop, ast.While) for inner in ast.walk(loop)}
    return sorted(
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "sleep"
        and id(call) not in polled
        and _is_wait(call.args)
    )


def _is_wait(arguments: Sequence[ast.expr]) -> bool:
    """``sleep(0)`` gives way and waits for nothing."""
    return any(isinstance(each, ast.Constant) and each.value != 0 for each in arguments)


def _tests(tree: ast.Module) -> Iterable[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node
