"""What the guardian reads of a configuration, and when it does not start (EXEC-3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.run.plain_options import config_files
from cli.settings import Settings
from services.guardian.service import GuardianRoot, own_exchange, refusal
from shared.config.load import ConfigInvalid, load


def root(**sections: Any) -> GuardianRoot:
    return GuardianRoot.model_validate(sections)


KEYED = {"key": "k", "secret": "s"}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({}, "mode sim: no order leaves this system"),
        ({"mode": "paper", "guardian": KEYED}, "mode paper: no order leaves this system"),
        ({"mode": "testnet"}, "set ICT_GUARDIAN__KEY and ICT_GUARDIAN__SECRET"),
        ({"mode": "live", "guardian": {"key": "k"}}, "set ICT_GUARDIAN__KEY and ICT_GUARDIAN__SECRET"),
        ({"mode": "testnet", "guardian": KEYED, "exchange": KEYED}, "guardian.key is execution's (exchange.key)"),
        ({"mode": "testnet", "guardian": KEYED, "exchange": {"key": "e", "secret": "s"}}, ""),
    ],
)
def test_it_starts_with_a_key_of_its_own_where_there_is_something_to_guard(sections: dict[str, Any], said: str) -> None:
    """EXEC-3: else with a sentence."""
    found = root(**sections)
    why = refusal(found.mode, found.guardian, found.exchange)
    assert said in why
    assert bool(why) == bool(said)


def test_a_fault_in_another_section_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    """EXEC-3: what is wrong there is another process's affair; what is wrong in its own is told."""
    file = tmp_path / "c.yaml"
    file.write_text("mode: testnet\nsignals: {nonsense: 1}\nguardian: {key: k, secret: s}\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/bus__url").write_text("amqp://x")
    environ = {"ICT_STORE__URL": "redis://x", "ICT_GUARDIAN__DISTANCE": "0.03"}
    loaded = load(GuardianRoot, [file], environ, tmp_path / "secrets").settings
    assert (loaded.mode, loaded.guardian.distance) == ("testnet", 0.03)
    with pytest.raises(ConfigInvalid, match="there is no such setting"):
        load(GuardianRoot, [file], {"ICT_GUARDIAN__DISTANZ": "1"}, None)
    with pytest.raises(ConfigInvalid):
        load(Settings, [file], environ, None)


@pytest.mark.parametrize("name", ["mode", "namespace", "account", "log", "http", "exchange", "guardian"])
def test_its_settings_mean_the_same_as_everywhere_else(name: str) -> None:
    """EXEC-3: its part of the configuration is the configuration's."""
    mine, theirs = GuardianRoot.model_fields[name], Settings.model_fields[name]
    assert mine.annotation == theirs.annotation
    assert mine.get_default(call_default_factory=True) == theirs.get_default(call_default_factory=True)
    assert repr(mine.metadata) == repr(theirs.metadata)


def test_its_requests_are_single_attempts_within_its_weight() -> None:
    """EXEC-3: the core repeats; the limiter holds the same bound."""
    found = own_exchange(root(mode="testnet", guardian=KEYED, exchange={"key": "e", "secret": "f"}))
    assert (found.key.get_secret_value(), found.read_attempts, found.order_attempts) == ("k", 1, 1)
    assert found.limiter.guardian * 2_400 == 300
    assert found.request_timeout_s == 2.0


def test_addresses_that_are_none_are_refused() -> None:
    """EXEC-3."""
    for name in ("webhook_url", "heartbeat_url"):
        with pytest.raises(ValueError, match="must begin with http"):
            root(guardian={name: "ftp://x"})
        assert root(guardian={name: "https://x"})


def test_the_short_way_to_it_reads_the_same_option() -> None:
    """EXEC-3: other words go to the command line, which explains them."""
    assert config_files([]) == []
    assert config_files(["--config", "a", "-c", "b", "--config=c"]) == [Path("a"), Path("b"), Path("c")]
    assert config_files(["--help"]) is None
    assert config_files(["--config"]) is None
