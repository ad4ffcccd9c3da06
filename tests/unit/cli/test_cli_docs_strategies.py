"""The page of strategies names every one that can be switched on, with rules that a trader can follow."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from cli.docs import strategies
from services.signals.strategies import STRATEGIES
from services.signals.trade import TradeSettings
from tests.support.signals.ict_checks import STAGES

PAGE = strategies.render()


def section(name: str, page: str = PAGE) -> str:
    """The text of one strategy, without its title."""
    return page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def wrong_defaults(name: str, text: str, settings: BaseModel) -> list[str]:
    """Defaults that the rules state in brackets and the settings do not have."""
    said = re.findall(r"`([a-z_]+)`\s+\((\d+[mhdw])\)", text)
    return [f"{name}.{field} is not {value}" for field, value in said if getattr(settings, field) != value]


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_has_its_rules_its_reads_and_its_settings_on_the_page(name: str) -> None:
    """SIG-3, OPS-8."""
    text = section(name)
    assert STRATEGIES[name].about in PAGE
    for frame in STRATEGIES[name].reads(STRATEGIES[name].settings()):
        assert f"| {frame} |" in text
    for setting in STRATEGIES[name].settings.model_fields:
        assert f"`signals.{name}.{setting}`" in text or setting in TradeSettings.model_fields
    assert wrong_defaults(name, text, STRATEGIES[name].settings()) == []


@pytest.mark.parametrize("name", STAGES)
def test_rules_of_ict_strategies_are_numbered_and_say_which_setting_is_meant(name: str) -> None:
    """SIG-3: a trader checks them one by one."""
    text = section(name)
    numbers = [int(each) for each in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 6
    rules = text.partition("\nA setup that signals. ")[0]
    known = set(STRATEGIES[name].settings.model_fields) | {"gap", "block", "entry"}
    assert set(re.findall(r"`([a-z_]+)`", rules)) <= known
    assert "SIG-" not in PAGE


def test_each_classical_strategy_has_its_own_rules_and_says_what_it_reads_beside_candles() -> None:
    """SIG-4: not those of the file that they share."""
    rules = {name: section(name).partition("\nJudges at every ")[0] for name in ("zscore", "macd", "funding_carry")}
    assert len(set(rules.values())) == 3
    assert "It also reads the funding that was settled last." in section("funding_carry")
    assert "It also reads" not in section("zscore")


def test_a_default_that_the_rules_state_wrongly_is_caught() -> None:
    """The specimen."""

    class Changed(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)
        timeframe: str = Field("1m", description="Another")

    assert wrong_defaults("ote", "1. The `timeframe` (15m) is judged.", Changed()) == ["ote.timeframe is not 15m"]


def test_a_strategy_that_is_added_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen of the page itself."""
    added: dict[str, Any] = {**STRATEGIES, "added": replace(STRATEGIES["ote"], name="added")}
    monkeypatch.setattr(strategies, "STRATEGIES", added)
    assert "70.5 %" in section("added", strategies.render())
