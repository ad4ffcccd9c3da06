"""docker-compose.yml and its overrides against schema and code; specimens show that the check can fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.approval.key_text import SIM_PRIVATE_KEY
from shared.bus.codec import MAX_BODY_BYTES
from tests.support.approval.pairs import OPERATOR, OWN
from tests.support.deploy.compose_check import defects, settings_of
from tests.support.deploy.compose_files import Unset, filled, merged, read

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "docker-compose.yml"
EXCHANGE, PAPER = ROOT / "deploy/compose.exchange.yml", ROOT / "deploy/compose.paper.yml"
SCHEMA = [
    str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec",
]  # fmt: skip


@pytest.fixture
def compose() -> dict[str, Any]:
    """The simulation's project, which a test may spoil."""
    return read([COMPOSE], {})


@pytest.fixture
def prometheus() -> dict[str, Any]:
    return scraped("prometheus.yml")


@pytest.fixture
def own_secrets(tmp_path: Path) -> Path:
    """A directory such as a user makes."""
    for name, text in {
        "bus__url": "amqp://ict:of-my-own@rabbitmq:5672/",
        "approval__private_key": OWN.private,
        "approval__public_key": OWN.public,
        "operator__public_key": OPERATOR.public,
        "rabbitmq.conf": "default_user = ict",
        "exchange__key": "a-key",
        "exchange__secret": "a-secret",
        "guardian__key": "another-key",
        "guardian__secret": "another-secret",
        "guardian__halt_secret": "a-secret-of-two",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def scraped(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text())
    return loaded


@pytest.mark.parametrize("file", [COMPOSE, EXCHANGE, PAPER], ids=lambda file: file.name)
def test_a_compose_file_is_valid_by_the_compose_specification(file: Path) -> None:
    """OPS-2"""
    result = subprocess.run([*SCHEMA, str(file)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_schema_check_catches_a_misspelt_key(tmp_path: Path) -> None:
    spoiled = tmp_path / "compose.yml"
    spoiled.write_text(COMPOSE.read_text().replace("read_only: true", "read_onlyy: true"))
    assert subprocess.run([*SCHEMA, str(spoiled)], capture_output=True, check=False).returncode != 0


def test_compose_names_only_what_the_code_has_and_leaves_nothing_out(compose, prometheus) -> None:
    """OPS-1, OPS-2: every queue has its reader, every variable means a setting, every reference exists."""
    assert defects(compose, prometheus, ROOT) == []


def test_the_compose_file_alone_runs_in_simulation_only(compose) -> None:
    assert modes(compose) == {"sim"}


def modes(compose: dict[str, Any]) -> set[str]:
    ours = (each for each in compose["services"].values() if "ICT_CONFIG" in each.get("environment", {}))
    return {settings_of(service, compose, ROOT).mode for service in ours}


@pytest.mark.parametrize(
    ("said", "speed"), [({}, 60.0), ({"ICT_MARKET__SPEED": "600"}, 600.0), ({"ICT_MARKET__SPEED": "null"}, None)]
)
def test_the_markets_speed_is_the_settings_unless_the_shell_says_another(said: dict[str, str], speed: float | None) -> None:
    project = read([COMPOSE], said)
    assert settings_of(project["services"]["market"], project, ROOT).market.speed == speed


def test_paper_has_live_streams_no_player_and_no_key(own_secrets) -> None:
    """OPS-2"""
    paper = read([COMPOSE, PAPER], {"SECRETS_DIR": str(own_secrets)})
    assert modes(paper) == {"paper"}
    assert "market" not in paper["services"]
    assert defects(paper, scraped("no-player.yml"), ROOT) == []


@pytest.fixture
def live_settings(tmp_path: Path) -> Path:
    file = tmp_path / "live.yaml"
    shipped = (ROOT / "config/live.yaml").read_text()
    stated = shipped.replace("real_money: false", "real_money: true").replace("testnet: false", "testnet: true")
    file.write_text(stated.replace("# strategies:", "strategies:"))
    return file


@pytest.mark.parametrize("mode", ["testnet", "live"])
def test_on_an_exchange_no_market_is_played_and_execution_has_the_key(own_secrets, live_settings, mode: str) -> None:
    """OPS-2: every process in the mode that was asked for, and the key with execution alone."""
    environ = {"SECRETS_DIR": str(own_secrets), "ICT_MODE": mode}
    project = read([COMPOSE, EXCHANGE], environ | ({"SETTINGS_FILE": str(live_settings)} if mode == "live" else {}))
    assert modes(project) == {mode}
    assert "market" not in project["services"]
    assert defects(project, scraped("exchange.yml"), ROOT) == []


def test_the_guardian_waits_for_neither_broker_nor_store(own_secrets) -> None:
    """EXEC-3: it is started beside them, holds no secret of theirs, and is no service of the paper market."""
    project = read([COMPOSE, EXCHANGE], {"SECRETS_DIR": str(own_secrets), "ICT_MODE": "testnet"})
    guardian = project["services"]["guardian"]
    assert "depends_on" not in guardian
    assert "bus__url" not in guardian["secrets"]
    assert "ICT_STORE__URL" not in guardian["environment"]
    assert "guardian" not in read([COMPOSE, PAPER], {"SECRETS_DIR": str(own_secrets)})["services"]


def test_live_without_its_acknowledgements_is_refused_by_every_process(own_secrets) -> None:
    """OPS-7: the shipped settings do not acknowledge real money; the first process, topology, ends with that sentence."""
    project = read([COMPOSE, EXCHANGE], {"SECRETS_DIR": str(own_secrets), "ICT_MODE": "live"})
    found = defects(project, scraped("exchange.yml"), ROOT)
    for name in ("topology", "execution"):
        assert any(defect.startswith(f"{name}: ") and "live sends real orders" in defect for defect in found), found


@pytest.mark.parametrize("file", [EXCHANGE, PAPER], ids=lambda file: file.name)
def test_no_mode_but_sim_starts_without_secrets_of_ones_own(file: Path, own_secrets) -> None:
    with pytest.raises(Unset, match="SECRETS_DIR: a directory with your own secrets"):
        read([COMPOSE, file], {"ICT_MODE": "testnet"})
    (own_secrets / "approval__private_key").write_text(SIM_PRIVATE_KEY)
    found = defects(
        read([COMPOSE, file], {"ICT_MODE": "testnet", "SECRETS_DIR": str(own_secrets)}), scraped("no-player.yml"), ROOT
    )
    assert any(each.startswith("risk: ") and "the simulation's" in each for each in found), found


@pytest.mark.parametrize(
    ("service", "key"),
    [("execution", "approval__private_key"), ("journal", "approval__private_key"), ("execution", "operator__private_key")],
)
def test_a_service_with_a_key_that_it_does_not_use_is_caught(compose, prometheus, service: str, key: str) -> None:
    """Invariant 5: whoever holds risk's key can approve orders."""
    compose["services"][service]["secrets"] = ["bus__url", "approval__public_key", key]
    assert any(each.startswith(f"{service}: holds of the keys") for each in defects(compose, prometheus, ROOT))


def test_the_exchanges_mode_must_be_said(own_secrets) -> None:
    with pytest.raises(Unset, match="ICT_MODE: testnet or live"):
        read([COMPOSE, EXCHANGE], {"SECRETS_DIR": str(own_secrets)})


def test_no_mode_reads_another_modes_volumes(own_secrets) -> None:
    """Volumes carry the project's name: the simulation's positions must not be real money's."""
    environ = {"SECRETS_DIR": str(own_secrets)}
    projects = [read([COMPOSE], {}), read([COMPOSE, PAPER], environ)]
    projects += [read([COMPOSE, EXCHANGE], {**environ, "ICT_MODE": mode}) for mode in ("testnet", "live")]
    names = [project["name"] for project in projects]
    assert len(set(names)) == len(names)


def test_before_a_real_order_is_sent_what_was_saved_is_on_the_disk(own_secrets) -> None:
    """EXEC-2: a store that writes once a second would forget, with the power, which orders had been sent."""
    project = read([COMPOSE, EXCHANGE], {"SECRETS_DIR": str(own_secrets), "ICT_MODE": "testnet"})
    command = project["services"]["store"]["command"]
    assert command[command.index("--appendfsync") + 1] == "always"


def test_all_modes_are_scraped_alike() -> None:
    without_player = (ROOT / "deploy/prometheus/prometheus.yml").read_text().replace("          - market:9100\n", "")
    assert yaml.safe_load(without_player) == scraped("no-player.yml")
    without_guardian = (ROOT / "deploy/prometheus/exchange.yml").read_text().replace("          - guardian:9100\n", "")
    assert yaml.safe_load(without_guardian) == scraped("no-player.yml")


EXCHANGE_SPECIMENS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no execution": (lambda s: s.pop("execution"), "queue execution is taken by 0 services instead of one"),
    "a process in another mode": (
        lambda s: s["risk"]["environment"].update(ICT_MODE="sim"), "the services run in modes sim, testnet"
    ),
    "the key in a second hand": (
        lambda s: s["risk"]["secrets"].append("exchange__key"),
        "risk: holds of the keys: approval__private_key, exchange__key, operator__public_key",
    ),
    "execution without its secret": (
        lambda s: s["execution"]["secrets"].remove("exchange__secret"),
        "execution: holds of the keys: approval__public_key, exchange__key, guardian__halt_secret, operator__public_key",
    ),
    "execution's key in the guardian's hand": (
        lambda s: s["guardian"]["secrets"].append("exchange__key"), "guardian: holds of the keys: exchange__key, guardian"
    ),
    "a played market beside the exchange": (
        lambda s: s.update(market={**s["risk"], "command": ["run", "market"]}), "market: layout split has no service"
    ),
    "an image from a registry": (
        lambda s: s["risk"].pop("pull_policy"), "risk: its image is looked for in a registry"
    ),
    "a second build": (
        lambda s: s["risk"].update(build="."), "ict-trader is built by topology, risk instead of one service"
    ),
    "no restart": (lambda s: s["execution"].pop("restart"), "execution: is not started again when it ends"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXCHANGE_SPECIMENS)
def test_an_exchanges_project_with_a_fault_is_caught(own_secrets, name: str) -> None:
    project = read([COMPOSE, EXCHANGE], {"SECRETS_DIR": str(own_secrets), "ICT_MODE": "testnet"})
    spoil, expected = EXCHANGE_SPECIMENS[name]
    spoil(project["services"])
    found = defects(project, scraped("exchange.yml"), ROOT)
    assert any(defect.startswith(expected) for defect in found), found


def test_variables_and_overrides_are_read_as_compose_reads_them() -> None:
    assert filled("${A:-b/${C}}.yaml", {"C": "c"}) == "b/c.yaml"
    assert filled("${A:-b/${C}}.yaml", {"A": "a"}) == "a.yaml"
    base = {"environment": {"A": "1", "B": "2"}, "command": ["x", "y"], "secrets": ["p"], "user": "u"}
    over = {"environment": {"B": "3"}, "command": ["z"], "secrets": ["q", "p"]}
    assert merged(base, over) == {
        "environment": {"A": "1", "B": "3"}, "command": ["z"], "secrets": ["p", "q"], "user": "u"
    }  # fmt: skip


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
    "a service that is not asked for its state": (
        lambda s, _: s["risk"]["environment"].update(ICT_STATUS__ADDRESSES='{"risk": "http://risk:9100"}'),
        "risk: `ict status` does not ask execution",
    ),
    "a state that is asked for where nobody is": (
        lambda s, _: s["risk"]["environment"].update(ICT_STATUS__ADDRESSES='{"risk": "http://risk:9200"}'),
        "risk: `ict status` asks risk at http://risk:9200, where no service is",
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
    "capabilities that come back": (lambda s, _: s["rabbitmq"].update(cap_add=["SETUID"]), "rabbitmq: keeps capabilities"),
    "a broker that cannot be stopped": (lambda s, _: s["rabbitmq"].pop("user"), "rabbitmq: starts as root"),
    "no build": (lambda s, _: s["topology"].pop("build"), "ict-trader is built by nobody instead of one service"),
    "a store for itself alone": (
        lambda s, _: s["store"]["command"].remove("--protected-mode"), "store: refuses every client"
    ),
    "a store that is asked by itself alone": (
        lambda s, _: s["store"]["healthcheck"].update(test=["CMD", "valkey-cli", "ping"]), "store: is asked over loopback"
    ),
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
    compose["secrets"]["approval__public_key"]["file"] = "./deploy/secrets/sim/aproval__public_key"
    assert any("secrets.approval__public_key: there is no file" in defect for defect in defects(compose, prometheus, ROOT))


def test_the_broker_refuses_what_no_reader_accepts(compose) -> None:
    """Invariant 6: in every mode, because a user's own rabbitmq.conf holds the account alone."""
    (entry,) = compose["services"]["rabbitmq"]["configs"]
    text = (ROOT / compose["configs"][entry["source"]]["file"]).read_text()
    assert f"\nmax_message_size = {MAX_BODY_BYTES}\n" in text
