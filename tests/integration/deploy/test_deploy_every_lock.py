"""Our locks, our recipe, the pips that people have, and an index with a newer release of every package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.support.deploy import interpreters
from tests.support.deploy.locks import ROOT, add_newer_releases, pins
from tests.support.deploy.surroundings import outside_of_make

STAMPS = {
    ".installed": ("requirements-data.lock", "requirements-build.lock"),
    ".installed-research": ("requirements-research.lock", "requirements-build.lock"),
    ".installed-ray": ("requirements-ray.lock", "requirements-build.lock"),
    ".installed-dev": ("requirements-dev.lock",),
}

pytestmark = [
    pytest.mark.locks,
    pytest.mark.timeout(1_200),  # several hundred megabytes from the index, on a busy machine
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


def _pins(*locks: str) -> set[tuple[str, str]]:
    """Name and version of everything in the lock files of these names."""
    return {
        (name, version) for lock in locks for name, found in pins((ROOT / lock).read_text()).items() for version in found
    }


@pytest.fixture(scope="module")
def a_year_later(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a pip that finds, beside what the index has, a release 9999 of every locked package."""
    directory = tmp_path_factory.mktemp("newer")
    add_newer_releases(directory)
    return {**outside_of_make(), "PIP_FIND_LINKS": f"{os.environ.get('PIP_FIND_LINKS', '')} {directory}".strip()}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """What `make` needs of a clone; removed at once, because an environment takes a gigabyte."""
    directory = tmp_path / "project"
    directory.mkdir()
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", *(lock.name for lock in ROOT.glob("*.lock"))):
        shutil.copy(ROOT / name, directory)
    for name in ("shared", "services", "simulator", "research", "cli"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    yield directory
    shutil.rmtree(directory)


@pytest.mark.parametrize(
    ("version", "pip", "installer"),
    [
        pytest.param("3.11", "23.0.1", "pip", id="pip-of-Debian-12"),
        pytest.param("3.11", None, "pip", id="pip-of-Python-3.11"),
        pytest.param("3.12", None, "pip", id="pip-of-Python-3.12"),
        pytest.param("3.13", None, "pip", id="pip-of-Python-3.13"),
        pytest.param("3.11", "23.0.1", "uv", id="uv-installed-by-pip-of-Debian-12"),
        pytest.param("3.13", None, "uv", id="uv-on-Python-3.13"),
    ],
)
def test_every_lock_is_installed_as_it_stands_when_the_index_has_newer_releases(
    project: Path, a_year_later: dict[str, str], version: str, pip: str | None, installer: str
) -> None:
    a_year_later = {**a_year_later, "ICT_INSTALLER": installer}
    interpreter = interpreters.find(version)
    if interpreter is None:
        pytest.skip(interpreters.not_found(version))
    python = project / ".venv/bin/python"
    if pip is not None:
        _run(project, a_year_later, str(interpreter), "-m", "venv", ".venv")
        _run(project, a_year_later, str(python), "-m", "pip", "install", "--quiet", f"pip=={pip}")

    for stamp, locks in STAMPS.items():
        said = _run(project, a_year_later, "make", f".venv/{stamp}", f"PYTHON={interpreter}")
        assert "pip does it now" not in said
        listed = json.loads(_run(project, a_year_later, str(python), "-m", "pip", "list", "--format=json"))
        installed = {(canonicalize_name(each["name"]), each["version"]) for each in listed}
        # What the environment itself brings; a lock may have them too, in a version of its own.
        own = {each for each in installed if each[0] in ("pip", "setuptools", "uv", "ict-trader")}
        assert installed - own <= _pins(*locks)
        assert len(installed) > len(own)


def _run(project: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout if command[0] != "make" else done.stdout + done.stderr
