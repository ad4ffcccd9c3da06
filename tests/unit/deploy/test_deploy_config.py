"""The four shipped configurations, and that every settings model is as strict as the loader needs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from cli.settings import Settings
from shared.config.errors import ConfigInvalid
from shared.config.fields import of_field
from shared.config.load import load
from shared.domain.modes import Mode

ROOT = Path(__file__).resolve().parents[3]
FILES = {mode: ROOT / f"config/{mode}.yaml" for mode in get_args(Mode)}
STATED = {"exchange": {"real_money": True, "proven_on_testnet": True}, "signals": {"strategies": ["ob_fvg"]}}
#: What the shipped file of a mode leaves to the user, which is told as an error until he states it.
LEFT_TO_THE_USER: dict[str, dict[str, Any]] = {"sim": {}, "paper": {}, "testnet": {}, "live": STATED}


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        section = of_field(field).model
        if section is not None:
            yield from models(section)


@pytest.mark.parametrize("mode", FILES)
def test_a_shipped_file_is_short(mode: str) -> None:
    assert len(FILES[mode].read_text(encoding="utf-8").splitlines()) <= 30


@pytest.mark.parametrize("mode", FILES)
def test_a_shipped_file_loads_with_what_it_leaves_to_the_user(mode: str) -> None:
    settings = load(Settings, [FILES[mode]], {}, None, LEFT_TO_THE_USER[mode]).settings
    assert settings.mode == mode
    assert settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert (settings.account.leverage, settings.account.margin_type) == (10, "cross")
    assert settings.signals.strategies == ("ob_fvg",)
    assert settings.risk.risk_per_trade == Decimal("0.01")
    assert settings.signals.drill is False


def test_settings_left_to_the_user_are_told_at_once() -> None:
    with pytest.raises(ConfigInvalid) as told:
        load(Settings, [FILES["live"]], {}, None)
    missing = ["exchange.real_money", "exchange.proven_on_testnet", "signals.strategies"]
    assert [error.path for error in told.value.errors] == missing


@pytest.mark.parametrize("mode", FILES)
def test_a_shipped_file_says_the_defaults_and_no_other_numbers(mode: str) -> None:
    """What is in the file is what a user decides; a number beside the default would be a second default."""
    defaults = Settings().model_dump(exclude={"replica", "mode"})
    shipped = load(Settings, [FILES[mode]], {}, None, LEFT_TO_THE_USER[mode]).settings
    now = shipped.model_dump(exclude={"replica", "mode"})
    assert {name for name in now if now[name] != defaults[name]} <= {"exchange"}


@pytest.mark.parametrize("mode", FILES)
def test_a_shipped_file_says_that_its_strategy_has_no_edge(mode: str) -> None:
    text = FILES[mode].read_text(encoding="utf-8")
    assert "no edge has been shown" in text
    assert {"mode", "symbols", "account", "risk", "signals"} <= set(yaml.safe_load(text))


def test_every_section_refuses_unknown_settings_is_frozen_and_describes_itself() -> None:
    """OPS-7: one section that ignores a misspelt name would be enough."""
    for model in models(Settings):
        assert model.model_config.get("extra") == "forbid", model
        assert model.model_config.get("frozen") is True, model
        assert [name for name, field in model.model_fields.items() if not field.description] == [], model
