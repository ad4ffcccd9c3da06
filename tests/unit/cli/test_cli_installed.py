"""What is installed against what is required: small made-up packages in a directory of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cli.installed import main, unmet
from shared.runtime.process.exits import Exit

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install the metadata of a package in front of all others."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, version: str, *requires: str) -> None:
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
        (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines]) + "\n")

    return install


def _unmet(text: str) -> list[str]:
    return unmet([("we", Requirement(text))])


def test_nothing_is_unmet_when_everything_is_installed(install: Install) -> None:
    install("made-up-a", "1.0", "made-up-b>=1")
    install("made-up-b", "2.0")
    assert _unmet("made-up-a") == []


def test_a_package_that_is_not_installed_is_named_with_what_requires_it(install: Install) -> None:
    install("made-up-a", "1.0", "made-up-b>=1")
    assert _unmet("made-up-a") == ["made-up-a requires made-up-b>=1, which is not installed"]


def test_a_version_that_is_not_accepted_is_named(install: Install) -> None:
    install("made-up-a", "1.0")
    assert _unmet("made-up-a>=2") == ["we requires made-up-a>=2, but made-up-a 1.0 is installed"]


def test_requirements_of_an_extra_count_only_when_it_is_asked_for(install: Install) -> None:
    install("made-up-a", "1.0", 'made-up-b>=1; extra == "more"')
    assert _unmet("made-up-a") == []
    assert len(_unmet("made-up-a[more]")) == 1


def test_a_requirement_for_another_platform_does_not_count(install: Install) -> None:
    install("made-up-a", "1.0", 'made-up-b>=1; sys_platform == "none"')
    assert _unmet("made-up-a") == []


def test_packages_that_require_each_other_are_followed_once(install: Install) -> None:
    install("made-up-a", "1.0", "made-up-b")
    install("made-up-b", "1.0", "made-up-a")
    assert _unmet("made-up-a") == []


def test_the_command_exits_with_4_and_says_what_to_type(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("ict-trader", "99.0", "made-up-b>=1")
    assert main([]) == Exit.UNREACHABLE
    assert "run `make lock`" in capsys.readouterr().err
