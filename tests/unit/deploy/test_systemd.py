"""The guardian's unit of systemd starts what there is, for ever, and holds no key of others (EXEC-3, OPS-2)."""

from __future__ import annotations

import re
from pathlib import Path

from cli.settings import Settings
from shared.config.environment import variables

ROOT = Path(__file__).resolve().parents[3]
UNIT = (ROOT / "deploy/systemd/ict-guardian.service").read_text()


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def test_it_runs_the_guardian_and_starts_it_again_for_ever() -> None:
    """EXEC-3: neither broker nor store is waited for."""
    (command,) = values("ExecStart")
    assert command.split()[1:] == ["run", "guardian"]
    assert (values("Restart"), values("StartLimitIntervalSec")) == (["always"], ["0"])
    assert not any(name in UNIT for name in ("rabbitmq", "redis", "valkey", "postgres"))


def test_its_variables_and_secrets_are_settings_and_its_own() -> None:
    """OPS-2."""
    known = {*variables(Settings), "ICT_CONFIG", "ICT_SECRETS_DIR"}
    (environment,) = values("Environment")
    assert {each.partition("=")[0] for each in environment.split()} <= known
    secrets = {each.partition(":")[0] for each in values("LoadCredential")}
    assert secrets == {"guardian__key", "guardian__secret", "guardian__halt_secret"}
    assert {f"ICT_{name.upper()}" for name in secrets} <= known


def test_it_may_use_more_memory_than_it_does_and_less_than_a_leak() -> None:
    """EXEC-3: below 80 MB are used."""
    (limit,) = values("MemoryMax")
    assert 100 <= int(limit.removesuffix("M")) <= 256
