"""The repository as text: its sources, its pages, and what a user gets to read of a module."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
PACKAGES: Final = ("shared", "services", "simulator", "research", "cli")
REQUIREMENT: Final = re.compile(r"\b(?:ICT|SIG|RISK|EXEC|DATA|BT|OPS)-\d+\b")


@cache
def tracked() -> frozenset[str]:
    """Every file of the repository, from its root: those that git tracks and those that it would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return frozenset(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def sources() -> list[Path]:
    """The modules of the product, without its tests."""
    return [ROOT / name for name in sorted(tracked()) if name.endswith(".py") and name.split("/")[0] in PACKAGES]


def pages() -> list[Path]:
    """README and every page of docs/."""
    return [
        ROOT / name
        for name in sorted(tracked())
        if name == "README.md" or (name.startswith("docs/") and name.endswith(".md"))
    ]


def texts() -> list[Path]:
    """Everything in which something may be cited: modules, tests, pages, configuration and build files."""
    endings = (".py", ".md", ".toml", ".yaml", ".yml", "Makefile", "Dockerfile", "run")
    return [
        ROOT / name
        for name in sorted(tracked())
        if name.endswith(endings) and not name.startswith("tests/unit/repository/test_house_")
    ]


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The string constants of a module with their lines: messages, help, descriptions. No docstrings."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that the module gives: classes, functions, parameters, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield getattr(node, "lineno", 0), node.asname
