"""docker-compose.yml against its schema and against the code; specimens show that the check can fail."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_check import defects, settings_of

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "docker-compose.yml"
SCHEMA = [
    str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec",
]  # fmt: skip


@pytest.fixture
def compose() -> dict[str, Any]:
    """A copy that a test may spoil: anchors make services share objects, and a copy by value does not."""
    plain = yaml.safe_load(COMPOSE.read_text())
    services = {name: copy.deepcopy(service) for name, service in plain["services"].items()}
    return {**copy.deepcopy(plain), "services": services}


@pytest.fixture
def prometheus() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    return loaded


def test_compose_is_valid_by_the_compose_specification() -> None:
    """OPS-2"""
    result = subprocess.run([*SCHEMA, str(COMPOSE)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_schema_check_catches_a_misspelt_key(tmp_path: Path) -> None:
    spoiled = tmp_path / "compose.yml"
    spoiled.write_text(COMPOSE.read_text().replace("read_only: true", "read_onlyy: true"))
    assert subprocess.run([*SCHEMA, str(spoiled)], capture_output=True, check=False).returncode != 0


def test_compose_names_only_what_the_code_has_and_leaves_nothing_out(compose, prometheus) -> None:
    """OPS-1, OPS-2: every queue has its reader, every variable means a setting, every reference exists."""
    assert defects(compose, prometheus, ROOT) == []


def test_the_compose_file_runs_in_simulation_only(compose) -> None:
    assert {settings_of(service, ROOT).mode for name, service in compose["services"].items() if "analysis" in name} == {
        "sim"
    }


def rename(section: dict[str, Any], old: str, new: str) -> None:
    section[new] = section.pop(old)


SPECIMENS: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], object], str]] = {
    "a variable with a wrong name": (
        lambda s, _: rename(s["risk"]["environment"], "ICT_HTTP__PORT", "ICT_HTTP_PORT"),
        "risk: environment ICT_HTTP_PORT: there is no such setting; did you mean ICT_HTTP__PORT?",
    ),
    "a variable with a wrong value": (
        lambda s, _: s["risk"]["environment"].update(ICT_HTTP__PORT="http"),
        "risk: environment ICT_HTTP__PORT: http.port = http: must be a whole number",
    ),
    "a timeframe that nobody takes": (
        lambda s, _: s["analysis-ltf"]["environment"].update(ICT_TAKE__TIMEFRAMES='["1m"]'),
        "queue analysis.p0.5m is taken by 0 services instead of one",
    ),
    "a timeframe that two take": (
        lambda s, _: s["analysis-ltf"]["environment"].update(ICT_TAKE__TIMEFRAMES='["1m","5m","1h"]'),
        "queue analysis.p0.1h is taken by 2 services instead of one",
    ),
    "a service that is missing": (lambda s, _: s.pop("execution"), "queue execution is taken by 0 services instead of one"),
    "a service that does not exist": (
        lambda s, _: s["risk"].update(command=["run", "rsik"]), "risk: layout split has no service 'rsik'"
    ),
    "a command that does not exist": (
        lambda s, _: s["topology"].update(command=["topologie"]), "topology: there is no command `ict topologie`"
    ),
    "an option that does not exist": (
        lambda s, _: s["topology"].update(command=["topology", "--aply"]), "topology: `ict topology` has no option --aply"
    ),
    "a run of nothing": (lambda s, _: s["risk"].update(command=["run"]), "risk: `ict run` runs no service"),
    "a dependency that does not exist": (
        lambda s, _: rename(s["risk"]["depends_on"], "store", "redis"), "risk: depends_on names redis, which is no service"
    ),
    "a secret that does not exist": (lambda s, _: s["risk"]["secrets"].append("x"), "secrets: x is used and not defined"),
    "a volume that does not exist": (
        lambda s, _: s["journal"].update(volumes=["j:/var/lib/ict"]), "volumes: journal is defined and not used"
    ),
    "a scrape target that does not exist": (
        lambda _, p: p["scrape_configs"][0]["static_configs"][0]["targets"].append("api:9100"),
        "prometheus scrapes api:9100, which is no service",
    ),
    "a scrape target on the wrong port": (
        lambda s, _: s["risk"]["environment"].update(ICT_HTTP__PORT="9200"),
        "prometheus scrapes risk:9100, where risk does not listen",
    ),
    "a target that is not exposed": (
        lambda s, _: s["risk"].pop("expose"), "prometheus scrapes risk:9100, which risk does not expose"
    ),
    "a service that is not scraped": (
        lambda _, p: p["scrape_configs"][0]["static_configs"][0]["targets"].remove("risk:9100"),
        "risk: prometheus does not scrape it",
    ),
    "metrics out of Prometheus' reach": (
        lambda s, _: s["risk"]["environment"].update(ICT_HTTP__HOST="127.0.0.1"),
        "risk: Prometheus cannot reach its http.host",
    ),
    "a configuration that is not mounted": (
        lambda s, _: s["risk"]["environment"].update(ICT_CONFIG="/nowhere"),
        "risk: ICT_CONFIG names a file that is not mounted",
    ),
    "an open port": (
        lambda s, _: s["prometheus"].update(ports=["9090:9090"]), "prometheus: port 9090:9090 is open to the network"
    ),
    "a root user": (lambda s, _: s["risk"].update(user="root"), "risk: runs as root"),
    "capabilities": (lambda s, _: s["risk"].update(cap_drop=[]), "risk: keeps capabilities"),
    "a writable root": (lambda s, _: s["risk"].update(read_only=False), "risk: can write to its root file system"),
    "no health check": (lambda s, _: s["risk"].pop("healthcheck"), "risk: has no health check"),
    "no grace": (lambda s, _: s["risk"].pop("stop_grace_period"), "risk: has no stop_grace_period"),
    "no memory limit": (lambda s, _: s["risk"].pop("deploy"), "risk: memory limit 0 MB is not within"),
    "an endless log": (lambda s, _: s["risk"].pop("logging"), "risk: its log grows without bound"),
    "privileges": (lambda s, _: s["risk"].pop("security_opt"), "risk: may gain privileges"),
    "a floating image": (lambda s, _: s["store"].update(image="valkey"), "store: its image is not pinned to a version"),
    "a container name": (lambda s, _: s["risk"].update(container_name="r"), "risk: container_name prevents scaling"),
    "nothing at all": (lambda s, _: s.clear(), "no service runs"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_compose_file_with_a_fault_is_caught(compose, prometheus, name: str) -> None:
    spoil, expected = SPECIMENS[name]
    spoil(compose["services"], prometheus)
    found = defects(compose, prometheus, ROOT)
    assert any(defect.startswith(expected) for defect in found), found


def test_a_file_that_is_mounted_and_missing_is_caught(compose, prometheus) -> None:
    compose["secrets"]["approval_key"]["file"] = "${SECRETS_DIR:-./deploy/secrets/sim}/aproval_key"
    assert any("secrets.approval_key: there is no file" in defect for defect in defects(compose, prometheus, ROOT))
