"""The settings that every service shares."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.approval.key_text import SIM_OPERATOR_PRIVATE_KEY, SIM_OPERATOR_PUBLIC_KEY, SIM_PRIVATE_KEY, SIM_PUBLIC_KEY
from shared.config.load import ConfigInvalid, load
from shared.config.settings import CommonSettings
from shared.domain.timeframes import TIMEFRAMES
from tests.support.approval.pairs import OTHER, OWN


def faults(**settings: object) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(CommonSettings, [], {}, None, settings)
    return [f"{error.path}: {error.message}" for error in caught.value.errors]


def test_without_any_source_the_settings_are_a_simulation_of_two_symbols() -> None:
    settings = CommonSettings()
    assert (settings.mode, settings.layout, settings.symbols) == ("sim", "split", ("BTCUSDT", "ETHUSDT"))
    assert settings.timeframes == TIMEFRAMES
    assert settings.assigned_partitions() == (0,)
    assert settings.symbols_of(0) == ("BTCUSDT", "ETHUSDT")
    assert settings.replica


def test_settings_survive_being_dumped_and_validated_again() -> None:
    """Commands replace one setting that way; nothing else may change."""
    settings = CommonSettings.model_validate(
        {"partitions": {"count": 3, "pinned": {"BTCUSDT": 2}}, "take": {"symbols": ["B*"]}}
    )
    assert CommonSettings.model_validate(settings.model_dump()) == settings


def test_live_needs_two_acknowledgements() -> None:
    """OPS-7: real orders are sent by nobody's oversight: each acknowledgement is missed by its name."""
    assert CommonSettings(mode="paper").mode == "paper"
    assert CommonSettings.model_validate({"mode": "testnet"}).mode == "testnet"
    both = ["exchange.real_money", "exchange.proven_on_testnet"]
    assert [line.split(":")[0] for line in faults(mode="live")] == both
    assert [line.split(":")[0] for line in faults(mode="live", exchange={"real_money": True})] == both[1:]
    acknowledged = {"real_money": True, "proven_on_testnet": True}
    assert CommonSettings.model_validate({"mode": "live", "exchange": acknowledged}).mode == "live"


@pytest.mark.parametrize("mode", ["testnet", "live"])
def test_where_real_orders_are_sent_the_simulations_approval_key_is_refused(mode: str) -> None:
    """Invariant 5: a signature that everybody can make is none."""
    exchange = {"real_money": True, "proven_on_testnet": True}
    published = {"private_key": SIM_PRIVATE_KEY, "public_key": SIM_PUBLIC_KEY}
    operator = {"private_key": SIM_OPERATOR_PRIVATE_KEY, "public_key": SIM_OPERATOR_PUBLIC_KEY}
    found = faults(mode=mode, exchange=exchange, approval=published, operator=operator)
    names = [f"{pair}.{name}_key" for pair in ("approval", "operator") for name in ("private", "public")]
    assert [line.split(":")[0] for line in found] == names


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"symbols": ["BTCUSDT", "BTCUSDT"]}, "symbols: names BTCUSDT twice"),
        ({"symbols": ["btc-usdt"]}, "symbols.0: must be text like BTCUSDT"),
        ({"symbols": []}, "symbols: must be a list"),
        ({"timeframes": ["5m"]}, "timeframes: must contain 1m"),
        ({"timeframes": ["1m", "1m"]}, "timeframes: names a timeframe twice"),
        ({"timeframes": ["1m", "2m"]}, "timeframes.1: must be one of 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w"),
        (
            {"partitions": {"count": 2, "pinned": {"BTCUSDT": 2}}},
            "partitions.pinned.BTCUSDT: partitions are numbered from 0 and count is 2",
        ),
        ({"partitions": {"count": 0}}, "partitions.count: must be a whole number from 1 to 1024"),
        ({"namespace": "Ict"}, "namespace: must be text like ict-2 (a to z"),
        ({"bus": {"url": "http://x"}}, "bus.url: must begin with amqp:// or amqps://"),
        ({"store": {"url": "mysql://x"}}, "store.url: must begin with redis:// or"),
        ({"take": {"timeframes": ["2*"]}}, "take.timeframes: ['2*'] matches none of"),
        ({"take": {"symbols": ["BTC*"]}}, "take.symbols: BTCUSDT and ETHUSDT share partition 0"),
        ({"approval_key": "short"}, "approval_key: there is no such setting; it is approval.private_key now"),
        ({"approval": {"private_key": "short"}}, "approval.private_key: does not begin with ict-private-"),
        ({"approval": {"private_key": OWN.private[:-1]}}, "approval.private_key: is no private key: it is cut off"),
        ({"approval": {"private_key": OWN.public}}, "approval.private_key: is a public key"),
        ({"approval": {"public_key": OWN.private}}, "approval.public_key: is a private key"),
        (
            {"approval": {"private_key": OWN.private, "public_key": OTHER.public}},
            "approval.public_key: is not the public key of approval.private_key",
        ),
        ({"instruments": {"btc": {}}}, "instruments.btc"),
        ({"instruments": 3}, "instruments: must be a mapping"),
        ({"http": {"port": 70000}}, "http.port: must be a whole number from 0 to 65535"),
    ],
)
def test_contradictory_setting_is_refused_at_its_place(settings: dict[str, object], expected: str) -> None:
    assert any(line.startswith(expected) for line in faults(**settings)), faults(**settings)


def test_item_that_is_refused_is_one_error() -> None:
    """A list does not become too short by its refused items."""
    assert faults(symbols=["btc-usdt"]) == ["symbols.0: must be text like BTCUSDT"]


def test_timeframes_are_kept_finest_first_however_they_are_written() -> None:
    assert CommonSettings(timeframes=("4h", "1m", "1h")).timeframes == ("1m", "1h", "4h")


def test_a_configured_instrument_joins_the_defaults_and_unknown_symbols_get_the_default() -> None:
    """RISK-1: rounding is by the filters of the symbol."""
    filters = {"tick_size": "0.001", "step_size": "1", "min_quantity": "1", "min_notional": "5"}
    settings = CommonSettings.model_validate(
        {"symbols": ["SOLUSDT", "BTCUSDT", "XRPUSDT"], "instruments": {"SOLUSDT": filters}}
    )
    table = settings.instrument_table()
    assert [table[symbol].tick_size for symbol in settings.symbols] == [Decimal("0.001"), Decimal("0.10"), Decimal("0.01")]
    assert {symbol: table[symbol].symbol for symbol in table} == {symbol: symbol for symbol in settings.symbols}
    assert settings.instrument("BTCUSDT").min_notional == 100


def test_addresses_are_printed_without_their_password(tmp_path: Path) -> None:
    """OPS-7: settings end up in logs and reports."""
    settings = load(CommonSettings, [], {"ICT_BUS__URL": "amqp://trader:geheim@broker/"}, None).settings
    assert settings.bus.url.get_secret_value() == "amqp://trader:geheim@broker/"
    assert str(settings.bus.url) == "amqp://trader:***@broker/"
    for text in (repr(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "geheim" not in text
        assert "sim-only" not in text


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CommonSettings().mode = "live"  # type: ignore[misc]  # the point


def test_the_schema_describes_every_setting() -> None:
    """Every setting has a description: it is what errors, forms and the documented file show."""
    schema = json.loads(json.dumps(CommonSettings.model_json_schema()))
    models = {"CommonSettings": schema, **schema["$defs"]}
    missing = [
        f"{model}.{name}"
        for model, part in models.items()
        for name, spot in part.get("properties", {}).items()
        if "description" not in spot
    ]
    assert missing == []
