"""The Makefile's own recipe, a real pip, a small project, an index of made-up releases: locks are installed as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deploy.surroundings import outside_of_make
from tests.support.deploy.wheels import hashed, made_up, packed_again

ROOT = Path(__file__).resolve().parents[3]
BUILD = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ict-trader"
version = "0"
dependencies = ["packaging"]

[project.optional-dependencies]
data = []
research = []

[dependency-groups]
dev = ["pytest-cov>=7.1"]

[tool.hatch.build]
dev-mode-dirs = ["."]

[tool.hatch.build.targets.wheel]
packages = ["cli", "shared"]
"""


@pytest.mark.parametrize("uv", ["as pip finds it", "that fails", "not to be had", "not wanted"])
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_lock_is_installed_as_it_stands_when_the_index_has_newer_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv: str
) -> None:
    """The lock pins coverage, pytest-cov requires coverage[toml]: whoever resolves that anew takes the newest or refuses."""
    monkeypatch.setenv("MAKEFLAGS", " -- VENV=.venv-3.12")  # as under `make test VENV=.venv-3.12`
    monkeypatch.setenv("VENV", ".venv-3.12")
    project = _project(tmp_path)
    locked = [
        made_up(tmp_path / "index", "coverage", "7.17.3", extras=["toml"]),
        made_up(tmp_path / "index", "pytest-cov", "7.1.0", requires=["coverage[toml]>=7.10.6"]),
    ]
    made_up(tmp_path / "index", "coverage", "7.99.0", extras=["toml"])
    made_up(tmp_path / "index", "pytest-cov", "7.99.0", requires=["coverage[toml]>=7.99"])
    lock = project / "requirements-dev.lock"
    lock.write_text(lock.read_text() + "".join(map(hashed, locked)))

    if uv != "not to be had":
        failing = made_up(tmp_path / "index", "uv", "0.1", module="raise SystemExit(2)")
        found = failing if uv == "that fails" else packed_again(tmp_path / "index", "uv")
        (project / "requirements-uv.lock").write_text(hashed(found))
    environment = _environment(tmp_path / "index") | ({"ICT_INSTALLER": "pip"} if uv == "not wanted" else {})

    made = subprocess.run(
        ["make", ".venv/.installed-dev", f"PYTHON={sys.executable}"],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made.returncode == 0, made.stdout + made.stderr
    assert ("pip does it now" in made.stderr) == (uv == "that fails")
    assert ("uv cannot be had here" in made.stderr) == (uv == "not to be had")
    assert (project / ".venv/bin/uv").exists() == (uv == "as pip finds it")
    script = (
        "from importlib.metadata import version; print(version('coverage'), version('pytest-cov'), version('ict-trader'))"
    )
    installed = subprocess.run([project / ".venv/bin/python", "-c", script], capture_output=True, text=True, check=True)
    assert installed.stdout.split() == ["7.17.3", "7.1.0", "0"]


def _project(directory: Path) -> Path:
    """Our Makefile and what it runs of our code, with locks of a few packages. The index has them in ``directory/index``."""
    project = directory / "project"
    for name in ("cli/__init__.py", "cli/install.py", "cli/installed.py", "shared/__init__.py", "shared/runtime/__init__.py",
                 "shared/runtime/process/__init__.py", "shared/runtime/process/exits.py", "Makefile"):  # fmt: skip
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    (project / "pyproject.toml").write_text(PROJECT)
    (directory / "index").mkdir()
    build = "".join(hashed(packed_again(directory / "index", name)) for name in BUILD)
    for lock in ROOT.glob("requirements*.lock"):
        (project / lock.name).write_text(build)
    (project / "requirements-uv.lock").write_text("uv==0.1 --hash=sha256:" + "0" * 64)
    return project


def _environment(index: Path) -> dict[str, str]:
    """Ours, with that directory as pip's only index."""
    kept = {name: value for name, value in outside_of_make().items() if not name.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
