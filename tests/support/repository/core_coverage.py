"""``python -m tests.support.repository.core_coverage .coverage``: fail when less than 95 % of a core's branches ran.

Each package is judged by itself: a total would let a well tested one pay for another. Which are cores: ``pure_modules``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import coverage

from tests.support.repository.pure_modules import ROOT, pure_modules

#: Least share of the branches of each package.
LEAST: Final = 0.95


@dataclass(frozen=True, slots=True)
class ModuleCoverage:
    """The branches of one module. ``missed``: those that were not run, as lines from and to."""

    module: str
    branches: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageCoverage:
    """The branches of the cores of one package."""

    package: str
    branches: int
    covered: int
    missed: tuple[str, ...]

    @property
    def share(self) -> float:
        """1 for a package without branches: there is nothing to miss."""
        return self.covered / self.branches if self.branches else 1.0


def package_of(module: str) -> str:
    """Whose core it is: ``services/risk/core.py`` → ``services/risk``; the simulator is one."""
    parts = module.split("/")
    return parts[0] if parts[0] == "simulator" else "/".join(parts[:2])


def by_package(modules: Iterable[ModuleCoverage]) -> list[PackageCoverage]:
    """The packages, sorted by name."""
    gathered: dict[str, list[ModuleCoverage]] = {}
    for module in modules:
        gathered.setdefault(package_of(module.module), []).append(module)
    rows = []
    for package, members in sorted(gathered.items()):
        branches = sum(member.branches for member in members)
        missed = tuple(f"{member.module} {each}" for member in members for each in member.missed)
        rows.append(PackageCoverage(package, branches, branches - len(missed), missed))
    return rows


def measured(data: Path) -> list[ModuleCoverage]:
    """Every core, with what the data file says of it; one that was never imported counts as missed altogether."""
    run = coverage.Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
    run.load()
    modules = []
    for path in pure_modules():
        found = run.branch_stats(str(path))
        missing = {line: total - taken for line, (total, taken) in found.items() if taken < total}
        missed = tuple(f"line {line}" for line, count in sorted(missing.items()) for _ in range(count))
        total = sum(total for total, _ in found.values())
        modules.append(ModuleCoverage(path.relative_to(ROOT).as_posix(), total, missed))
    return modules


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when a package is below, 2 for a wrong call or a file without data."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("usage: core_coverage.py DATA, a coverage data file made with --branch", file=sys.stderr)
        return 2
    modules = measured(Path(arguments[0]))
    return report(by_package(modules))


def report(packages: Sequence[PackageCoverage]) -> int:
    """Print each package's share, and what is missed where it is too low."""
    for package in packages:
        print(f"{package.share:7.1%}  {package.covered:4} of {package.branches:4} branches  {package.package}")
    below = [package for package in packages if package.share < LEAST]
    for package in below:
        print(f"\n{package.package} is below {LEAST:.0%}; not run:", *package.missed, sep="\n  ", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
