"""The strategies of before decide as they did: decisions of the demo market, recorded before strategies had a contract."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.timeframes import TIMEFRAMES
from tests.support.runtime.telling import tell
from tests.support.signals.demo_market import SYMBOLS, analyses

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "support" / "signals" / "recorded_ob_fvg.json").read_text(encoding="utf-8")
)
_ENCODER = msgspec.json.Encoder(order="sorted")


def decided(settings: SignalsSettings) -> list[Decision]:
    """Every decision on the five days that `ict demo` plays."""
    core = SignalsCore(0, SYMBOLS, TIMEFRAMES, settings)
    outputs = [message for bundle in analyses(settings.reads()) for message in tell(core, bundle)]
    return [each for message in outputs if isinstance(message, DecisionBundle) for each in message.decisions]


def digest(decisions: list[Decision]) -> str:
    """Of the id, place and reasons of every decision."""
    told = sha256()
    for each in decisions:
        told.update(f"{each.id} {each.symbol} {each.close_time} {','.join(each.why_not)}\n".encode())
    return told.hexdigest()


@pytest.mark.parametrize("case", RECORDED)
def test_order_block_with_gap_gives_the_signals_and_reasons_that_were_recorded(case: str) -> None:
    """SIG-3: with the defaults, and with loose settings on 5m that signal more often."""
    recorded = RECORDED[case]
    decisions = decided(SignalsSettings.model_validate({"ob_fvg": recorded["settings"]}))
    assert len(decisions) == recorded["decisions"]
    signals = [json.loads(_ENCODER.encode(each.signal)) for each in decisions if each.signal is not None]
    assert {each.pop("threshold") for each in signals} == {recorded["settings"].get("entry_score", 4.0)}, "told since"
    assert signals == recorded["signals"]
    assert len(signals) >= 20
    assert digest(decisions) == recorded["reasons"]


def test_a_changed_setting_is_noticed() -> None:
    """The specimen: one point of one weight more changes the record."""
    decisions = decided(SignalsSettings.model_validate({"ob_fvg": {"stop_buffer": 0.0021}}))
    signals = [json.loads(_ENCODER.encode(each.signal)) for each in decisions if each.signal is not None]
    assert signals != RECORDED["defaults"]["signals"]
