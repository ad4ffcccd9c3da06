"""The repository as text: its sources, its pages, and what a user gets to read of a module."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
PACKAGES: Final = ("shared", "services", "simulator", "research", "cli")
REQUIREMENT: Final = re.compile(r"\b(?:ICT|SIG|RISK|EXEC|DATA|BT|OPS)-\d+\b")


@cache
def tracked() -> frozenset[str]:
    """Every file of the repository, from its root: those that git tracks and those that it would.

    Without git, or where no clone is, the files are walked, and what .gitignore names is left out.
    """
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return frozenset(_walked())
    return frozenset(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def _walked() -> Iterator[str]:
    """Files whose names, and folders' names, .gitignore does not have; it holds plain patterns of names only."""
    patterns = [".git/", ".git", *(ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    files = [pattern for pattern in patterns if not pattern.endswith("/")]
    folders = [pattern.rstrip("/") for pattern in patterns]
    for folder, within, names in os.walk(ROOT):
        within[:] = [name for name in within if not _matches(name, folders)]
        place = Path(folder).relative_to(ROOT)
        yield from ((place / name).as_posix() for name in names if not _matches(name, files))


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


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
