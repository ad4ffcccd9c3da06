"""`make cover` fails for the package that is short, whatever the others have."""

from __future__ import annotations

from pathlib import Path

import coverage
import pytest

from tests.support.repository.core_coverage import ModuleCoverage, by_package, main, measured, package_of, report


def module(name: str, branches: int, missed: int) -> ModuleCoverage:
    return ModuleCoverage(name, branches, tuple(f"line {line}" for line in range(missed)))


def test_a_short_package_fails_although_the_total_is_high(capsys: pytest.CaptureFixture[str]) -> None:
    """STYLE: the specimen is one untested core among well tested ones: 98 % in total."""
    packages = by_package([module("services/analysis/core.py", 180, 0), module("services/risk/core.py", 20, 4)])
    assert report(packages) == 1
    told = capsys.readouterr().err
    assert "services/risk is below 95%" in told
    assert "services/risk/core.py line 3" in told
    assert "services/analysis" not in told


def test_the_limit_itself_is_enough_and_packages_without_branches_pass() -> None:
    """95 % means at least 95 of 100."""
    assert report(by_package([module("services/risk/core.py", 100, 5), module("shared/core.py", 0, 0)])) == 0
    assert report(by_package([module("services/risk/core.py", 100, 6)])) == 1


def test_modules_of_one_package_are_judged_together() -> None:
    """A file with two branches is no package of its own."""
    packages = by_package([module("services/risk/gate.py", 2, 1), module("services/risk/core.py", 98, 0)])
    assert [(each.package, each.branches, each.covered) for each in packages] == [("services/risk", 100, 99)]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("services/analysis/detectors/fvg.py", "services/analysis"),
        ("simulator/market/generator.py", "simulator"),
        ("shared/domain/orders.py", "shared/domain"),
        ("shared/bus/topology.py", "shared/bus"),
        ("shared/pipeline.py", "shared/pipeline.py"),
    ],
)
def test_a_module_belongs_to_its_service_or_to_its_package(name: str, package: str) -> None:
    """The simulator is one package: its market is part of it."""
    assert package_of(name) == package


def test_a_core_that_no_test_imported_counts_as_missed(tmp_path: Path) -> None:
    """A data file without a core must not read as a core without branches."""
    data = tmp_path / "data"
    run = coverage.CoverageData(basename=str(data))  # as a run writes it that saw one file and no core
    run.add_arcs({str(tmp_path / "nothing.py"): [(-1, 1), (1, -1)]})
    run.write()
    modules = {each.module: each for each in measured(data)}
    risk = modules["services/risk/kill_switch.py"]
    assert risk.branches > 0
    assert len(risk.missed) == risk.branches
    assert main([str(data)]) == 1


def test_a_wrong_call_is_told_apart_from_a_failure(tmp_path: Path) -> None:
    """Exit 2: the check did not run at all."""
    assert main([]) == 2
    assert main([str(tmp_path / "nowhere")]) == 2
