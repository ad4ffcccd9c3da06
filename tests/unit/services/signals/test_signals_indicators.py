"""Indicators are TA-Lib's (SIG-4): its numbers, recorded from its batch functions on 150 closes; its settings untouched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import talib

from services.signals.contract import Enabled
from services.signals.core import SignalsCore
from services.signals.indicators import deviation, load, macd, rsi, sma
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from shared.domain.timeframes import TIMEFRAMES

ROOT = Path(__file__).resolve().parents[4]
RECORDED: dict[str, Any] = json.loads((ROOT / "tests/support/signals/recorded_talib.json").read_text(encoding="utf-8"))
CLOSES: list[float] = RECORDED["prices"]
ENDS = range(len(CLOSES) - 29, len(CLOSES) + 1)


def near(expected: list[float]) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run lines in a process of their own, in which nothing has loaded TA-Lib yet."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_averages_and_deviations_are_those_of_ta_lib() -> None:
    """SIG-4"""
    assert [sma(CLOSES[:end], 20) for end in ENDS] == near(RECORDED["sma"])
    assert [deviation(CLOSES[:end], 20) for end in ENDS] == near(RECORDED["deviation"])


def test_relative_strength_and_macd_are_those_of_ta_lib() -> None:
    assert rsi(CLOSES, 14)[-30:] == near(RECORDED["rsi"])
    line, average = macd(CLOSES, 12, 26, 9)
    assert line[-30:] == near(RECORDED["macd"])
    assert average[-30:] == near(RECORDED["macd_signal"])
    assert len(line) == len(average) == len(CLOSES) - 33


def test_another_period_is_noticed() -> None:
    """The specimen."""
    assert rsi(CLOSES, 15)[-30:] != near(RECORDED["rsi"])


@pytest.mark.parametrize(
    "asked",
    [
        lambda: sma([1.0], 2),
        lambda: deviation([], 2),
        lambda: rsi([1.0, 2.0], 2),
        lambda: macd([1.0] * 33, 12, 26, 9),
    ],
)
def test_too_few_prices_are_refused(asked: Any) -> None:
    """TA-Lib itself answers with NaN, which no comparison of a strategy would notice."""
    with pytest.raises(ValueError, match="too few"):
        asked()


@pytest.mark.parametrize("asked", [lambda: sma([1.0], 0), lambda: rsi([1.0, 2.0], 1), lambda: macd([1.0] * 50, 1, 26, 9)])
def test_periods_without_a_meaning_are_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match="too short"):
        asked()


def test_prices_that_stand_still_have_no_strength() -> None:
    """TA-Lib says 0, which would be oversold; and the first move after it leaves no extreme, up or down."""
    assert rsi([5.0] * 20, 14) == [50.0] * 6
    assert rsi([*[5.0] * 20, 6.0], 14) == [50.0] * 6 + [100.0]
    assert rsi([*[5.0] * 20, 4.0], 14) == [50.0] * 6 + [0.0]


def test_nobody_can_change_the_settings_of_ta_lib_once_it_is_loaded() -> None:
    """They belong to the whole process: a strategy of another package would change the numbers of ours."""
    load()
    with pytest.raises(RuntimeError, match="cannot change TA-Lib settings"):
        talib.set_unstable_period("RSI", 10)
    assert rsi(CLOSES, 14)[-30:] == near(RECORDED["rsi"])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("talib.set_unstable_period('EMA', 5)", "unstable period of EMA"),
        ("talib.set_unstable_period('RSI', 5)", "unstable period of RSI"),
        ("talib.set_unstable_period('EMA', 5); talib.set_unstable_period('RSI', 1)", "unstable period of EMA and RSI"),
    ],
)
def test_settings_that_were_changed_before_are_refused(change: str, named: str) -> None:
    refused = run(f"import talib; {change}\nfrom services.signals.indicators import load\nload()")
    assert f"ValueError: TA-Lib's {named} was changed in this process" in refused.stderr


def test_a_process_that_loaded_ta_lib_ends_without_a_word() -> None:
    """What holds the settings lives until the interpreter ends."""
    ended = run("from services.signals.indicators import load\nload()")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(("names", "loaded"), [(("ob_fvg", "donchian"), "True"), (("ob_fvg",), "False")])
def test_ta_lib_is_loaded_before_the_first_close_and_only_for_a_strategy_that_computes_with_it(
    names: tuple[str, ...], loaded: str
) -> None:
    """Its import takes 10 ms, and ten times that with numpy: no other process should pay it, and no close."""
    code = (
        "import sys\n"
        "from services.signals.core import SignalsCore\n"
        "from services.signals.settings import SignalsSettings\n"
        "from shared.domain.timeframes import TIMEFRAMES\n"
        f"settings = SignalsSettings(strategies={names})\n"
        "settings.reads()\n"
        "assert 'talib' not in sys.modules\n"
        "SignalsCore(0, ('BTCUSDT',), TIMEFRAMES, settings)\n"
        "print('talib' in sys.modules, 'numpy' in sys.modules)\n"
    )
    answered = run(code)
    assert answered.stdout.split() == [loaded, loaded], answered.stderr


def test_a_strategy_that_cannot_load_what_it_computes_with_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    load.cache_clear()
    try:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "talib", None)
            with pytest.raises(ValueError, match=r"strategy macd cannot be prepared: ModuleNotFoundError: .*talib"):
                SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SignalsSettings(strategies=("macd",)))
            SignalsCore(0, ("BTCUSDT",), TIMEFRAMES, SignalsSettings())
    finally:
        load.cache_clear()
    Enabled(STRATEGIES["macd"], STRATEGIES["macd"].settings()).prepare()
