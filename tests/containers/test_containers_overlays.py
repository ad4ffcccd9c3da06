"""The overlays for paper and for a real exchange, with `ict simulator` in the exchange's place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.support.approval.pairs import OPERATOR
from tests.support.deploy.compose_project import Project
from tests.support.risk.drill import DRILL_RISK

EXCHANGE = "tests/containers/simulated_exchange.yml"
FILES: Mapping[str, list[str]] = {
    "sim": ["docker-compose.yml"],
    "paper": ["docker-compose.yml", "deploy/compose.paper.yml"],
    "testnet": ["docker-compose.yml", "deploy/compose.exchange.yml"],
}


@pytest.fixture
def drill(tmp_path: Path) -> str:
    """A user's settings: the exchange beside us, and entries at every close, so that there are orders at once."""
    file = tmp_path / "drill.yaml"
    drill = {
        "exchange": {"rest_url": "http://exchange:8080", "stream_url": "ws://exchange:8080"},
        "timeframes": ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"],
        "ingest": {"live": {"depth": False, "warm_up": {"candles": 20}}},
        "signals": {"strategies": ["every_close"], "drill": True, "every_close": {"stop_distance": 0.001}},
        "risk": DRILL_RISK,
    }
    file.write_text(yaml.safe_dump(drill))
    file.chmod(0o444)
    return str(file)


@pytest.mark.parametrize("mode", FILES)
def test_one_service_builds_the_image(image: str, secrets: Path, mode: str) -> None:
    services = Project(FILES[mode], {"SECRETS_DIR": str(secrets), "ICT_MODE": mode}).config()["services"]
    assert [name for name, service in services.items() if "build" in service] == ["topology"]


@pytest.mark.parametrize("mode", ["paper", "testnet"])
def test_an_overlay_trades_on_a_simulated_exchange_and_stops_in_good_order(
    image: str, secrets: Path, drill: str, mode: str
) -> None:
    """OPS-2"""
    environ = {"SECRETS_DIR": str(secrets), "ICT_MODE": mode, "SETTINGS_FILE": drill}
    with Project([*FILES[mode], EXCHANGE], environ) as project:
        project.start()
        # a first start takes no entries before a person re-arms; what is told of that is told before
        halts = {
            "testnet": "select count(*) from controls where command = 'halt'",
            "paper": "select count(*) from alerts where source = 'risk' and key = 'kill_switch.1'",
        }
        project.until(lambda: project.containers()["journal"].health == "healthy", "a journal", 240)
        project.until(lambda: project.journal(halts[mode]) > 0, "the halt", 240)
        key = f"ICT_OPERATOR__PRIVATE_KEY={OPERATOR.private}"  # it is mounted into no service
        project.exec("execution", "env", key, "ict", "rearm", "--yes", "--reason", "a first start: nothing to look at")
        project.until(lambda: not project.ill(), "every service is healthy", 240)
        project.until(lambda: project.journal("select count(*) from fills") > 0, "a fill in the journal", 240)
        project.compose("stop")
        ended = {name: each for name, each in project.containers().items() if (each.status, each.exit_code) != ("exited", 0)}
        assert ended == {}, project.logs()
