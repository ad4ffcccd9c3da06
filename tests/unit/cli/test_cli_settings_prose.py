"""What users read of the settings: plain fragments with unit and meaning, the same form in every section."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cli.docs import settings as page
from cli.settings import Settings
from shared.config.fields import Setting, known_paths, setting_at

#: Endings of names that carry a unit, and how the description says it.
UNITS = {
    "_ms": r"\bms\b",
    "_s": r"\bseconds?\b",
    "_minutes": r"\bminutes?\b|candles",
    "_hours": r"\bhours?\b|\b4h\b",
    "_bps": r"\bbps\b",
    "_atr": r"\bATR\b",
    "_percent": r"\bpercent\b",
    "_candles": r"\b[Cc]andles?\b|\bCloses\b",
    "_ticks": r"\bticks?\b|\btick\b",
}


def settings() -> Iterator[tuple[str, Setting]]:
    for path in known_paths(Settings):
        found = setting_at(Settings, path)
        assert found is not None
        yield ".".join(path), found


def defects(name: str, setting: Setting) -> list[str]:
    text = setting.description
    found = []
    if not re.match(r"[A-Z0-9`]", text):
        found.append(f"{name} does not begin with a capital: {text}")
    if text.endswith("."):
        found.append(f"{name} ends with a full stop: {text}")
    if re.search(r"\b[A-Z]{2,5}-\d+\b", text):
        found.append(f"{name} cites a requirement: {text}")
    if re.search(r"\bvenues?\b", text, re.IGNORECASE):
        found.append(f"{name} says venue: {text}")
    if setting.nullable and setting.model is None and "null" not in text:
        found.append(f"{name} may be null and does not say what that means: {text}")
    for ending, unit in UNITS.items():
        if name.endswith(ending) and not re.search(unit, text):
            found.append(f"{name} does not say its unit: {text}")
    return found


def test_every_description_has_the_house_form() -> None:
    assert [defect for name, setting in settings() for defect in defects(name, setting)] == []


@pytest.mark.parametrize(
    ("name", "annotation", "text"),
    [
        ("a.b", int, "lower case"),
        ("a.b", int, "A sentence."),
        ("a.b", int, "Further stops (EXEC-3)"),
        ("a.b", int, "The venue's clock"),
        ("a.b", int | None, "Pause, seconds"),
        ("a.wait_ms", int, "Longest wait"),
    ],
)
def test_a_description_in_another_form_is_caught(name: str, annotation: object, text: str) -> None:
    assert len(defects(name, Setting(annotation, (), text))) == 1


def test_the_page_lists_basic_settings_first_and_every_setting_once() -> None:
    text = page.render()
    basic, advanced = text.split("## Advanced")
    for name in ("mode", "symbols", "account.leverage", "risk.risk_per_trade", "signals.strategies", "exchange.real_money"):
        assert f"| `{name}` |" in basic
    for name in ("lane.snapshot_every", "execution.hold_ms", "analysis.fvg.fill_steps"):
        assert f"| `{name}` |" in advanced
    for name, setting in settings():
        if setting.model is None or setting.nullable:
            assert text.count(f"| `{name}` |") == 1


def test_basic_settings_are_few() -> None:
    """Thirty or so of four hundred: what a user has to read before he starts."""
    assert 20 <= sum(setting.basic for _, setting in settings()) <= 50
