"""Locks, the list of dependencies, the image: each against what it must agree with."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.deploy.locks import ROOT, pins

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
DATA = [Requirement(text) for text in EXTRAS["data"]]
RESEARCH = [*DATA, *(Requirement(text) for text in EXTRAS["research"] if text != "ict-trader[data]")]
RAY = [*RESEARCH, *(Requirement(text) for text in EXTRAS["ray"] if text != "ict-trader[research]")]
DEVELOPMENT = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
INSTALL = [Requirement(text) for text in PROJECT["dependency-groups"]["install"]]
BUILD = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-data.lock": [*RUNTIME, *DATA],
    "requirements-research.lock": [*RUNTIME, *RESEARCH],
    "requirements-ray.lock": [*RUNTIME, *RAY],
    "requirements-dev.lock": [*RUNTIME, *RAY, *DEVELOPMENT, *BUILD],
    "requirements-build.lock": BUILD,
    "requirements-uv.lock": INSTALL,
}
_REGISTRY = re.compile(r"https?://|^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", re.MULTILINE)


def unhashed(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#") and "--hash=" not in line]


@pytest.mark.parametrize(("name", "wanted"), LOCKS.items())
def test_a_lock_pins_and_hashes_everything_that_the_project_asks_for_and_names_no_registry(
    name: str, wanted: list[Requirement]
) -> None:
    text = (ROOT / name).read_text()
    pinned = pins(text)
    for requirement in wanted:
        versions = pinned.get(canonicalize_name(requirement.name), [])
        assert any(version in requirement.specifier for version in versions), f"{requirement}: {versions}; run `make lock`"
    assert unhashed(text) == []
    assert _REGISTRY.search(text) is None


def test_the_lock_checks_catch_what_they_look_for() -> None:
    good = "a-b==1.0 \\\n    --hash=sha256:00\n"
    assert pins(good) == {"a-b": ["1.0"]}
    assert unhashed(good) == []
    assert unhashed(good + "c==2.0\n") == ["c==2.0"]
    assert _REGISTRY.search(good + "--index-url https://example.org\n")


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "requirements-uv.lock"])
def test_the_development_lock_contains_the_other_locks(name: str) -> None:
    """What is tested is what runs."""
    development = pins((ROOT / "requirements-dev.lock").read_text())
    assert [(each, own) for each, own in pins((ROOT / name).read_text()).items() if development.get(each) != own] == []


def test_every_lock_of_the_directory_is_known_here() -> None:
    assert {path.name for path in ROOT.glob("*.lock")} == set(LOCKS)


def test_services_install_none_of_the_extras() -> None:
    """The image holds what services need: it stays small, and so does what an attacker finds there."""
    runtime = pins((ROOT / "requirements.lock").read_text())
    assert {"pyarrow", "matplotlib", "scikit-learn", "scipy", "pandas", "pillow", "ray"} & set(runtime) == set()


def test_the_build_group_is_what_the_build_system_requires() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


def test_every_dependency_has_its_reason() -> None:
    rows = re.findall(r"^\| ([a-z0-9-]+) \| \S", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    rows = [row for row in rows if row not in ("package", "lock")]
    assert sorted(rows) == sorted(canonicalize_name(each.name) for each in [*RUNTIME, *RAY, *DEVELOPMENT, *BUILD])


def test_the_image_copies_what_exists_and_runs_as_nobody_in_particular() -> None:
    """OPS-2"""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line.split() for line in lines if line and not line.startswith("#")]
    copied = [word for words in instructions if words[0] == "COPY" and not words[1].startswith("--") for word in words[1:-1]]
    assert [word for word in copied if not (ROOT / word).exists()] == []
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == allowed
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied)
    final = instructions[max(index for index, words in enumerate(instructions) if words[0] == "FROM") :]
    assert ["USER", "10001:10001"] in final
    assert ["ENTRYPOINT", '["ict"]'] in final
    assert any(words[0] == "HEALTHCHECK" for words in final)
