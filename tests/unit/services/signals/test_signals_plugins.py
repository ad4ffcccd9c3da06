"""A stranger adds a strategy without touching this repository; one that cannot be used is refused by name (SIG-8)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from cli.settings import Settings
from services.signals import plugins
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from shared.domain.decisions import DecisionBundle
from shared.domain.timeframes import TIMEFRAMES
from tests.support.runtime.telling import tell
from tests.support.signals.demo_market import SYMBOLS, analyses
from tests.support.signals.packages import STRANGER, install, install_stranger


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory on the import path."""
    before = set(sys.modules)
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    plugins.clear()
    yield path
    plugins.clear()
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(path)):
            del sys.modules[name]


def test_a_strategy_of_another_package_trades_beside_ours(site: Path) -> None:
    """SIG-8: installed, named, with a setting of its own; it and ours give what each gives alone."""
    install_stranger(site)
    names = ("ob_fvg", "stranger_fade")
    settings = SignalsSettings(strategies=names, plugins={"stranger_fade": {"reward_risk": 3.0}})
    core = SignalsCore(0, SYMBOLS, TIMEFRAMES, settings)
    signals: dict[str, int] = dict.fromkeys(names, 0)
    for bundle in analyses(settings.reads(), days=2.0):
        for message in tell(core, bundle):
            assert isinstance(message, DecisionBundle), message
            for decision in message.decisions:
                for each in decision.judgements:
                    signals[each.strategy] += each.signal is not None
                    if each.signal is not None and each.strategy == "stranger_fade":
                        reward = abs(each.signal.target - each.signal.entry.price)
                        assert reward == pytest.approx(3.0 * abs(each.signal.entry.price - each.signal.stop))
    assert min(signals.values()) >= 1, signals


def test_a_package_is_not_imported_unless_its_strategy_is_named(site: Path) -> None:
    """What is installed and not asked for must not run."""
    install(site, "loud", {"loud": "loud_module:STRATEGY"}, {"loud_module": "raise SystemError('imported')\n"})
    assert "loud" in plugins.offered()
    SignalsSettings()
    assert "loud_module" not in sys.modules


def without(text: str, instead: str = "") -> str:
    assert text in STRANGER
    return STRANGER.replace(text, instead)


ABOUT = 'about="Fades a sweep once price has left it with force."'
REFUSED = {
    "raises on import": ("raise RuntimeError('no licence')\n", "cannot be imported from .*RuntimeError: no licence"),
    "leaves on import": ("raise SystemExit(0)\n", "cannot be imported from .*SystemExit: 0"),
    "is something else": ("STRATEGY = 5\n", "is no Strategy but int"),
    "another name": (without('name="stranger_fade"', 'name="other"'), "calls itself other"),
    "no range": (without("gt=0.0, le=20.0, "), "needs a range for its setting reward_risk"),
    "half a range": (without(", le=86_400_000"), "needs a range for its setting fresh_ms"),
    "no description": (
        without(', description="Oldest sweep that is traded, ms"'), "needs a description of its setting fresh_ms"
    ),
    "no default": (without("Field(2.0, ", "Field("), "needs a default for its setting reward_risk"),
    "settings of any name": (without('extra="forbid", '), "needs settings with model_config"),
    "no settings": (without("settings=Settings", "settings=int"), "has settings that are no pydantic model"),
    "no words": (without(ABOUT, 'about=" "'), "says nothing about itself"),
    "unexaminable": (without(ABOUT, "about=None"), "cannot be examined: AttributeError"),
    "wrong preset": (without("judge=judge,", 'judge=judge, presets={"x": 5},'), "has a preset x that is no Settings"),
    "unknown kind": (without('{"sweep", ', '{"swept", '), "declares to read swept, which does not exist"),
    "unknown timeframe": (without('{"5m": frozenset', '{"7m": frozenset'), "declares to read 7m, which does not exist"),
    "judges what it does not read": (
        without('{"5m": frozenset', '{"15m": frozenset'), "judges 5m candles and does not declare to read them"
    ),
    "cannot say": (
        without('lambda settings: "5m"', "lambda settings: 1 / 0"), "cannot say what it reads: ZeroDivisionError"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_strategy_that_cannot_be_used_is_refused_with_a_sentence_that_names_it(case: str, site: Path) -> None:
    """SIG-8: when the settings are read, not at the first close."""
    source, sentence = REFUSED[case]
    install(site, "stranger-fade", {"stranger_fade": "stranger_fade:STRATEGY"}, {"stranger_fade": source})
    with pytest.raises(ValidationError, match=f"stranger_fade.*{sentence}"):
        SignalsSettings(strategies=("stranger_fade",))


def test_two_packages_with_one_name_are_refused(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two would trade depends on the order of installation."""
    install_stranger(site)
    install(tmp_path / "more", "copycat", {"stranger_fade": "stranger_fade:STRATEGY"}, {})
    monkeypatch.syspath_prepend(str(tmp_path / "more"))
    with pytest.raises(ValidationError, match="packages copycat and stranger-fade both offer"):
        SignalsSettings(strategies=("stranger_fade",))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"strategies": ["ob_fgv"]}, "there is no strategy ob_fgv; did you mean ob_fvg"),
        (
            {"strategies": ["martingale"]},
            "there is no strategy martingale; there are: .*every_close, .*ob_fvg, .*stranger_fade",
        ),
        ({"paused": ["martingale"]}, "there is no strategy martingale"),
        ({"plugins": {"stranger_fade": {}}}, "plugins.stranger_fade: is not among strategies: add it there"),
        ({"plugins": {"ob_fvg": {}}}, "plugins.ob_fvg: is built in: its settings stand in section ob_fvg"),
        (
            {"strategies": ["stranger_fade"], "plugins": {"stranger_fade": {"reward": 3}}},
            "plugins.stranger_fade.reward: Extra inputs are not permitted; did you mean reward_risk",
        ),
        (
            {"strategies": ["stranger_fade"], "plugins": {"stranger_fade": {"reward_risk": 0}}},
            "plugins.stranger_fade.reward_risk: Input should be greater than 0",
        ),
    ],
)
def test_unknown_strategies_and_settings_are_refused_by_name(values: dict[str, object], sentence: str, site: Path) -> None:
    install_stranger(site)
    with pytest.raises(ValidationError, match=sentence):
        SignalsSettings.model_validate(values)


def reading_ether(site: Path) -> None:
    source = without("judge=judge,", 'judge=judge, symbols=lambda settings: ("ETHUSDT",),')
    install(site, "stranger-fade", {"stranger_fade": "stranger_fade:STRATEGY"}, {"stranger_fade": source})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"symbols": ["BTCUSDT"]}, "strategy stranger_fade reads ETHUSDT: add it here"),
        (
            {"symbols": ["BTCUSDT", "ETHUSDT"], "partitions": {"count": 2, "pinned": {"BTCUSDT": 0, "ETHUSDT": 1}}},
            "strategy stranger_fade reads ETHUSDT beside BTCUSDT: pin them to one partition",
        ),
    ],
)
def test_a_symbol_that_a_strategy_reads_and_does_not_get_is_refused(
    values: dict[str, object], sentence: str, site: Path
) -> None:
    """SIG-8: a strategy that compares two symbols needs both at one close."""
    reading_ether(site)
    with pytest.raises(ValidationError, match=sentence):
        Settings.model_validate({**values, "signals": {"strategies": ["stranger_fade"]}})
    with pytest.raises(ValueError, match="reads ETHUSDT; the symbols of partition 0 are BTCUSDT"):
        SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SignalsSettings(strategies=("stranger_fade",)))


def test_a_timeframe_that_a_strategy_reads_and_does_not_get_is_refused(site: Path) -> None:
    install(
        site,
        "stranger-fade",
        {"stranger_fade": "stranger_fade:STRATEGY"},
        {"stranger_fade": without('{"5m": frozenset', '{"4h": frozenset(), "5m": frozenset')},
    )
    with pytest.raises(ValidationError, match="strategy stranger_fade reads 4h candles: add 4h here"):
        Settings.model_validate({"timeframes": ["1m", "5m"], "signals": {"strategies": ["stranger_fade"]}})


def test_settings_of_a_plugin_that_raise_anything_are_refused_by_name(site: Path) -> None:
    """SIG-8: a validator that fails is the plug-in's fault, not a crash of this program."""
    wrong = without(
        "class Settings(BaseModel):",
        "class Settings(BaseModel):\n    def __init__(self, **values: object) -> None:\n        raise KeyError('boom')\n",
    )
    install(site, "stranger-fade", {"stranger_fade": "stranger_fade:STRATEGY"}, {"stranger_fade": wrong})
    with pytest.raises(ValidationError, match=r"stranger_fade.*KeyError: 'boom'"):
        SignalsSettings(strategies=("stranger_fade",))
