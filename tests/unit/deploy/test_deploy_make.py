"""The Makefile with an interpreter that only writes down what it is asked: when it sets up, what it says when it cannot."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$*" in
  *version_info*) exit {old} ;;
  *ensurepip*) exit {bare} ;;
  "-m cli.installed"*) exit {lacking} ;;
  -V) echo "Python 3.9.1" ;;
  "-m venv .venv") mkdir -p .venv/bin && cp "{here}/python3" .venv/bin/python && cp "{here}/python3" .venv/bin/ict ;;
esac
"""


class Project:
    """A directory with our Makefile and a fake interpreter in front of everything on the PATH."""

    def __init__(self, directory: Path, *, old: bool = False, bare: bool = False, lacking: bool = False) -> None:
        self.directory, self._bin, self._log = directory / "project", directory / "bin", directory / "log"
        self.directory.mkdir()
        self._bin.mkdir()
        shutil.copy(ROOT / "Makefile", self.directory)
        for name in (*(lock.name for lock in ROOT.glob("*.lock")), "pyproject.toml"):
            (self.directory / name).write_text("")
            os.utime(self.directory / name, (1, 1))
        fake = self._bin / "python3"
        fake.write_text(FAKE.format(log=self._log, here=self._bin, old=int(old), bare=int(bare), lacking=4 * lacking))
        fake.chmod(fake.stat().st_mode | stat.S_IXUSR)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self._bin}:/usr/bin:/bin"}
        return subprocess.run(
            ["make", *arguments], cwd=self.directory, env=environment, capture_output=True, text=True, check=False
        )

    def calls(self) -> list[str]:
        """What was run since the last question."""
        calls = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return calls


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def test_the_first_demo_sets_up_from_hashes_and_the_second_only_runs(tmp_path: Path) -> None:
    """The newcomer's first command needs nothing before it."""
    project = Project(tmp_path)
    first = project.make("demo", "ARGS=--days 1")
    assert first.returncode == 0, first.stderr
    calls = project.calls()
    assert "python3 -m venv .venv" in calls
    assert "python -m cli.install requirements-data.lock requirements-build.lock" in calls
    assert calls[-2:] == ["python -m cli.installed data", "ict demo --days 1"]
    assert project.make("demo").returncode == 0
    assert project.calls() == ["ict demo"]


def test_an_environment_that_lacks_something_is_not_taken_for_installed(tmp_path: Path) -> None:
    project = Project(tmp_path, lacking=True)
    assert project.make("demo").returncode != 0
    assert "ict demo" not in project.calls()
    assert project.make("demo").returncode != 0


@pytest.mark.parametrize(
    "changed", ["requirements-data.lock", "requirements-build.lock", "requirements-uv.lock", "pyproject.toml"]
)
def test_a_changed_lock_or_project_installs_again_and_keeps_the_environment(tmp_path: Path, changed: str) -> None:
    project = Project(tmp_path)
    project.make("demo")
    project.calls()
    stamp = (project.directory / ".venv/.installed").stat().st_mtime
    os.utime(project.directory / changed, (stamp + 5, stamp + 5))
    project.make("demo")
    calls = project.calls()
    assert any("-m cli.install " in call for call in calls)
    assert not any("-m venv" in call for call in calls)


def test_the_suite_runs_without_the_soak_tests_and_needs_the_development_lock(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.make("test", "ARGS=-x").returncode == 0
    calls = project.calls()
    assert "python -m cli.install requirements-dev.lock" in calls
    assert "python -m cli.installed ray --group dev" in calls
    run, workers = (
        "not soak and not locks and not containers and not clients and not drill",
        min(4, len(os.sched_getaffinity(0)) + 2),
    )
    assert calls[-1].startswith(f"python -m pytest -m {run} -n {workers} ")
    assert calls[-1].endswith(" -x")
    project.make("demo")
    project.make("research")
    assert project.calls() == ["ict demo"], "the development lock contains the others"


def test_make_research_installs_what_charts_and_training_need(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.make("research").returncode == 0
    calls = project.calls()
    assert any("-m cli.install requirements-research.lock" in call for call in calls)
    assert calls[-1] == "python -m cli.installed research"


def test_a_missing_interpreter_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = Project(tmp_path).make("demo", "PYTHON=python0")
    assert result.returncode != 0
    assert "python0 was not found; install Python 3.11 or newer, or run: make PYTHON=/path/to/python" in result.stderr


def test_an_old_interpreter_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = Project(tmp_path, old=True).make("demo")
    assert result.returncode != 0
    assert "python3 is Python 3.9.1, and 3.11 or newer is needed" in result.stderr


def test_a_missing_venv_module_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = Project(tmp_path, bare=True).make("demo")
    assert result.returncode != 0
    assert "apt-get install python3-venv" in result.stderr


def test_make_alone_says_what_there_is(tmp_path: Path) -> None:
    result = Project(tmp_path).make()
    assert result.returncode == 0
    for target in ("demo", "research", "test", "check", "bench", "soak", "lock", "clean"):
        assert f"make {target} " in result.stdout
