"""What only the whole configuration can tell."""

from __future__ import annotations

from functools import partial

import pytest

from cli.settings import Settings
from cli.wiring import service_spec
from shared.config.load import ConfigInvalid, load
from simulator.execution_lane import ExecutionLane
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS

LIVE = {
    "mode": "live",
    "approval": OWN_KEYS,
    "operator": OPERATOR_KEYS,
    "exchange": {"real_money": True, "proven_on_testnet": True},
    "signals": {"strategies": ["ob_fvg"]},
}
DRILL = {"signals": {"strategies": ["every_close"], "drill": True}}


def faults(settings: dict[str, object], environ: dict[str, str] | None = None) -> str:
    try:
        load(Settings, [], environ or {}, None, settings)
    except ConfigInvalid as error:
        return str(error)
    return ""


def test_a_drill_is_refused_where_money_is_real() -> None:
    """RISK-2: a strategy that trades without a reason has no place in mode live; everywhere else it may drill."""
    assert faults(LIVE) == ""
    assert "signals.drill" in faults({**LIVE, **DRILL})
    assert faults(DRILL) == ""
    assert faults({**DRILL, "mode": "paper"}) == ""


def test_live_without_named_strategies_is_refused_with_what_to_write() -> None:
    text = faults({name: value for name, value in LIVE.items() if name != "signals"})
    assert "signals.strategies: mode live trades no strategy by default" in text
    assert "`signals: {strategies: [ob_fvg]}`" in text
    assert "every_close" not in text, "a drill is no suggestion for real money"


@pytest.mark.parametrize("mode", ["sim", "paper", "testnet"])
def test_other_modes_trade_the_default_strategy(mode: str) -> None:
    settings = load(Settings, [], {}, None, {"mode": mode, "approval": OWN_KEYS, "operator": OPERATOR_KEYS}).settings
    assert settings.signals.strategies == ("ob_fvg",)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"timeframes": ["1m"]}, "timeframes = ['1m']: strategy ob_fvg judges 15m candles: add 15m here"),
        (
            {"timeframes": ["1m", "5m"], "signals": {"ob_fvg": {"timeframe": "1h"}}},
            "strategy ob_fvg judges 1h candles: add 1h here, or set signals.ob_fvg.timeframe",
        ),
        (
            {"mode": "testnet", "layout": "embedded", "approval": OWN_KEYS, "operator": OPERATOR_KEYS},
            "layout = embedded: mode testnet needs a",
        ),
        (
            {
                "mode": "testnet",
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "risk": {"listing_age_ms": 900_000},
            },
            "risk.listing_age_ms = 900000: execution reads the list every 900 s",
        ),
        (
            {"account": {"leverage": 100}, "simulator": {"maintenance_rate": "0.01"}},
            "simulator.maintenance_rate = 0.01: 0.01 x account.leverage 100 is not below 1",
        ),
        ({"market": {"source": "files"}}, "market.files: source: files needs a file for each symbol"),
        ({"market": {"source": "files", "files": {"SOLUSDT": "x"}}}, "market.files.SOLUSDT = x: is not among symbols"),
        ({"market": {"source": "files", "files": {"BTCUSDT": "x"}}}, "market.files: no file for ETHUSDT: add one"),
    ],
)
def test_sections_that_do_not_fit_together_are_refused_at_the_value(wrong: dict[str, object], place: str) -> None:
    assert place in faults(wrong)


@pytest.mark.parametrize("section", ["risk", "simulator"])
def test_a_leverage_in_its_old_place_is_answered_with_the_new_one(section: str) -> None:
    assert "there is no such setting; it is account.leverage now" in faults({section: {"leverage": 5}})
    variable = f"ICT_{section.upper()}__LEVERAGE"
    assert f"environment {variable}: there is no such setting; it is ICT_ACCOUNT__LEVERAGE now" in faults(
        {}, {variable: "5"}
    )


def test_risk_and_the_simulated_exchange_are_built_with_the_same_account() -> None:
    """One number: what risk sizes by is what the exchange is set to."""
    settings = load(Settings, [], {}, None, {"account": {"leverage": 7, "margin_type": "isolated"}}).settings
    build = service_spec("risk", settings).lanes[0].build
    assert isinstance(build, partial)
    assert settings.account in build.args
    lane = service_spec("execution", settings).lanes[0].build()
    assert isinstance(lane, ExecutionLane)
    config = lane.driver.core.config("BTCUSDT")
    assert (config.leverage, config.margin_type) == (7, "ISOLATED")
