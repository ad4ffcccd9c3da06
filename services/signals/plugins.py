"""Strategies of other packages: found by their entry point, imported only when the settings name them (SIG-8).

A package declares them in its ``pyproject.toml``; the value leads to a ``services.signals.contract.Strategy``:

    [project.entry-points."ict_trader.strategies"]
    my_breakout = "my_package.breakout:STRATEGY"

A plug-in is code of somebody else in this process: it can do whatever this process can. It is contained against mistakes,
not against malice, and not against a loop without end.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from functools import cache
from importlib import metadata
from typing import Any, Final

from services.signals.contract import Strategy, faults

GROUP: Final = "ict_trader.strategies"


class UnusableStrategy(ValueError):
    """A strategy that does not exist, or that cannot be used; the text names it, its package and what to do."""


def offered() -> dict[str, list[metadata.EntryPoint]]:
    """The strategies that installed packages offer, by name; nothing is imported."""
    found: dict[str, list[metadata.EntryPoint]] = {}
    for point in metadata.entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


def load(name: str, built_in: Collection[str]) -> Strategy[Any]:
    """Import the strategy of this name from the package that offers it. Raises UnusableStrategy."""
    points = offered()
    if name not in points:
        known = sorted({*built_in, *points})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise UnusableStrategy(f"there is no strategy {name}; {hint}")
    packages = sorted({_package(point) for point in points[name]})
    if len(packages) > 1:
        raise UnusableStrategy(f"packages {' and '.join(packages)} both offer a strategy {name}: uninstall one of them")
    return _import(name, points[name][0].value, packages[0], points[name][0])


def clear() -> None:
    """Forget what was imported, so that packages are looked at anew."""
    _import.cache_clear()


@cache
def _import(name: str, value: str, package: str, point: metadata.EntryPoint) -> Strategy[Any]:
    of = f"strategy {name} of package {package}"
    try:
        found = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # its code may raise anything while it is imported, SystemExit too
        raise UnusableStrategy(f"{of} cannot be imported from {value}: {type(error).__name__}: {error}") from error
    if not isinstance(found, Strategy):
        raise UnusableStrategy(f"{of}: {value} is no Strategy but {type(found).__name__}")
    if found.name != name:
        raise UnusableStrategy(f"{of} calls itself {found.name}: give the entry point that name")
    try:
        wrong = list(faults(found))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # its parts may be anything
        raise UnusableStrategy(f"{of} cannot be examined: {type(error).__name__}: {error}") from error
    if wrong:
        raise UnusableStrategy(f"{of} {wrong[0]}")
    return found


def _package(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module
