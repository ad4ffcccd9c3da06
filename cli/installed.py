"""Check that all the packages that ict-trader requires are installed, each in a version that it accepts.

Locks are installed as they stand and never resolved again, so pip does not notice what a lock lacks. This does, before the
first command runs: ``python -m cli.installed [--group GROUP] [EXTRA ...]``.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.runtime.process.exits import Exit

PROJECT = "ict-trader"


def unmet(requirements: Iterable[tuple[str, Requirement]]) -> list[str]:
    """Follow the requirements through everything installed; return a sentence for each one that is not met.

    ``requirements``: who requires it, and what. Extras and markers count as pip counts them.
    """
    waiting = list(requirements)
    seen: set[tuple[str, str]] = set()
    found: dict[str, None] = {}
    while waiting:
        asker, requirement = waiting.pop(0)
        name = canonicalize_name(requirement.name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            found[f"{asker} requires {requirement}, which is not installed"] = None
            continue
        if not requirement.specifier.contains(package.version, prereleases=True):
            found[f"{asker} requires {requirement}, but {name} {package.version} is installed"] = None
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            children = (Requirement(text) for text in package.requires or ())
            waiting += [(name, each) for each in children if each.marker is None or each.marker.evaluate({"extra": extra})]
    return list(found)


def group(name: str, project: Path) -> list[Requirement]:
    """Read a dependency group from pyproject.toml: groups are for the source tree and stand in no package's metadata."""
    return [Requirement(text) for text in tomllib.loads(project.read_text())["dependency-groups"][name]]


def main(arguments: list[str] | None = None) -> int:
    """Print every requirement that is not met. Exit 4 when there is one, else 0."""
    parser = argparse.ArgumentParser(prog="python -m cli.installed", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help="an extra of pyproject.toml that is wanted too")
    parser.add_argument("--group", help="a dependency group of pyproject.toml that is wanted too")
    chosen = parser.parse_args(arguments)
    wanted = [("this command", Requirement(f"{PROJECT}[{','.join(chosen.extras)}]" if chosen.extras else PROJECT))]
    if chosen.group:
        wanted += [(f"group {chosen.group}", each) for each in group(chosen.group, Path("pyproject.toml"))]
    complaints = unmet(wanted)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if complaints:
        print("the lock does not fit pyproject.toml: run `make lock`, then install again", file=sys.stderr)
    return Exit.UNREACHABLE if complaints else Exit.OK


if __name__ == "__main__":
    sys.exit(main())
