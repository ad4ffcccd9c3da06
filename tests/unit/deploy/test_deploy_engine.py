"""The container engine of the tests, read without running it: it stands for itself and starts no surprises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ENGINE = ROOT / "tests/containers/engine"
STRANGERS = sorted(
    service["image"]
    for service in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    if not service["image"].startswith("ict-trader:")
)


@pytest.mark.parametrize("file", sorted(ENGINE.iterdir()), ids=lambda file: file.name)
def test_the_engine_names_no_host(file: Path) -> None:
    """Everything comes from the mirror that the machine's own packages come from."""
    assert re.findall(r"https?://\S+|\S+\.(?:org|com|io|net)/\S+", file.read_text()) == []


@pytest.mark.parametrize("script", [*ENGINE.glob("*.sh"), ENGINE / "engine", ROOT / ".ci/run"], ids=lambda file: file.name)
def test_a_script_of_the_engine_is_one_that_bash_can_read_and_the_user_may_run(script: Path) -> None:
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert script.stat().st_mode & 0o111


@pytest.mark.parametrize("image", STRANGERS)
def test_every_image_of_a_stranger_has_its_stand_in(image: str) -> None:
    """`build STAGE "$(image BEGINNING)"`: the stage exists, and the name is taken from docker-compose.yml."""
    built = re.findall(r'build (\w+) "\$\(image (\S+)\)"', (ENGINE / "engine").read_text())
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (ENGINE / "Dockerfile.bases").read_text(), re.MULTILINE)
    assert [stage for stage, beginning in built if image.startswith(beginning) and stage in stages]
