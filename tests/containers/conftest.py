"""An engine, the image, built once, and secrets whose owners and modes are those that deploy/secrets/README.md names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.approval.pairs import OPERATOR, OWN
from tests.support.deploy.compose_project import ROOT, Project, require_engine

IMAGE_USER, BROKER_USER = 10001, 999


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(1500))  # the first test of a run builds the image


@pytest.fixture(scope="session")
def image() -> str:
    """The name of the image, built from the working tree by the command that a user types."""
    require_engine()
    project = Project(["docker-compose.yml"], {})
    project.compose("build", seconds=1400)
    return str(project.config()["services"]["topology"]["image"])


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own secrets: readable by nobody but the user that needs them, where root runs the tests."""
    directory = tmp_path_factory.mktemp("secrets")
    for name, text in {
        "bus__url": "amqp://ict:of-my-own@rabbitmq:5672/",
        "approval__private_key": OWN.private,
        "approval__public_key": OWN.public,
        "operator__public_key": OPERATOR.public,
        "exchange__key": "simulator-key",
        "exchange__secret": "simulator-secret",
        "guardian__key": "guardian-key",
        "guardian__secret": "guardian-secret",
        "guardian__halt_secret": "a secret of two",
    }.items():
        _write(directory / name, text, IMAGE_USER)
    conf = (ROOT / "deploy/secrets/sim/rabbitmq.conf").read_text().replace("sim-only", "of-my-own")
    _write(directory / "rabbitmq.conf", conf, BROKER_USER)
    return directory


def _write(file: Path, text: str, owner: int) -> None:
    file.write_text(text)
    if os.geteuid() == 0:
        shutil.chown(file, owner, owner)
        file.chmod(0o400)
    else:
        file.chmod(0o444)
