"""A regime model that is absent, old, altered or none at all is told in a sentence; nothing takes its place."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from cli.main import app
from cli.settings import Settings
from services.signals.regimes.model import UnusableModel, load_model
from services.signals.regimes.settings import RegimeSettings
from services.signals.settings import SignalsSettings
from shared.config.load import ConfigInvalid, load
from tests.support.signals.regime_scenes import THREE, model, written


def test_a_written_model_is_read_as_it_was(tmp_path: Path) -> None:
    """SIG-5."""
    shown = model(THREE)
    assert load_model(written(tmp_path / "m.json", shown)) == shown
    (tmp_path / "formatted.json").write_bytes(msgspec.json.format(msgspec.json.encode(shown), indent=4))
    assert load_model(tmp_path / "formatted.json") == shown
    assert shown.names == ("calm", "normal", "volatile")


def test_an_absent_model_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"gone\.json is not there; make it: ict train regimes .* --out .*gone\.json"):
        load_model(tmp_path / "gone.json")
    with pytest.raises(UnusableModel, match="cannot be read"):
        load_model(tmp_path)


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(msgspec.json.encode(model())) | fields).encode()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (changed(version=0), "of version 0, this program reads 1; fit it again"),
        (changed(version=2, new_field=1), "of version 2, this program reads 1; fit it again"),
        (changed(fitted_to=1), "altered after it was written"),
        (changed(content_hash=""), "altered after it was written"),
        (changed(command="another"), "altered after it was written"),
        (changed(features=["log_return", "volume"]), "looks at log_return, volume"),
        (changed(extra=1), "no regime model"),
        (changed(symbol="no symbol"), "no regime model"),
        (changed(garch=None), "no regime model"),
        (b"", "no regime model"),
        (b"[]", "no regime model"),
        (b"not json at all", "no regime model"),
        (b'{"version": "one"}', "no regime model"),
    ],
)
def test_a_file_that_is_no_sound_model_is_told(tmp_path: Path, document: bytes, told: str) -> None:
    """SIG-5: stated, never guessed; the settings refuse it where it is named."""
    path = tmp_path / "m.json"
    path.write_bytes(document)
    with pytest.raises(UnusableModel, match=told) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    with pytest.raises(ValidationError, match=told):
        RegimeSettings(models=(path,))


@pytest.mark.parametrize("states", [1, 4])
def test_another_number_of_states_is_refused(states: int) -> None:
    hmm = msgspec.structs.replace(
        THREE,
        start=(1.0,) + (0.0,) * (states - 1),
        transition=((1.0,) + (0.0,) * (states - 1),) * states,
        means=(0.0,) * states,
        variances=tuple(1.0 + each for each in range(states)),
    )
    with pytest.raises(ValueError, match="this program knows 2 and 3"):
        model(hmm)


def test_routes_that_could_open_in_no_market_are_refused(tmp_path: Path) -> None:
    """SIG-5."""
    path = written(tmp_path / "m.json", model())
    twin = written(tmp_path / "twin.json", model(THREE))
    for wrong, told in (
        ({"routes": {"ob_fvg": {"calm": 1.0}}}, "routes need to know the regime"),
        ({"models": (path,), "routes": {"ob_fvg": {}}}, "names no regime"),
        ({"models": (path,), "routes": {"ob_fvg": {"normal": 1.0}}}, "which knows calm, volatile"),
        ({"models": (path,), "routes": {"ob_fvg": {"wild": 1.0}}}, "wild"),
        ({"models": (path,), "routes": {"ob_fvg": {"calm": 0.0}}}, "greater than 0"),
        ({"models": (path, twin)}, "both models of BTCUSDT"),
        ({"confirm_probability": 0.5}, "greater than 0.5"),
    ):
        with pytest.raises(ValidationError, match=told):
            RegimeSettings.model_validate(wrong)
    with pytest.raises(ValidationError, match=r"regimes\.routes\.every_close: is not among strategies"):
        SignalsSettings(regimes=RegimeSettings(models=(path,), routes={"every_close": {"calm": 1.0}}))


def faults(signals: dict[str, object], **common: object) -> str:
    try:
        load(Settings, [], {}, None, {"signals": {"regimes": signals}, **common})
    except ConfigInvalid as error:
        return str(error)
    return ""


def test_the_configuration_names_what_regimes_lack(tmp_path: Path) -> None:
    """SIG-5: a timeframe that nobody reads, a symbol without a model, a file that is gone, a word that does not exist."""
    btc = str(written(tmp_path / "btc.json", model()))
    eth = str(written(tmp_path / "eth.json", model(symbol="ETHUSDT", timeframe="1h")))
    route = {"ob_fvg": {"calm": 1.0, "volatile": 0.8}}
    both = {"models": [btc, eth], "routes": route}
    assert faults(both, symbols=["BTCUSDT", "ETHUSDT"]) == ""
    told = faults(both, symbols=["BTCUSDT", "ETHUSDT"], timeframes=["1m", "15m"])
    assert "the regime model of ETHUSDT reads 1h candles: add them here" in told
    assert "no model of ETHUSDT: fit one" in faults({"models": [btc], "routes": route}, symbols=["BTCUSDT", "ETHUSDT"])
    assert faults({"models": [btc]}, symbols=["BTCUSDT", "ETHUSDT"]) == ""
    assert "is not there; make it" in faults({"models": [str(tmp_path / "gone.json")]})
    assert "routes" in faults({"models": [btc], "routes": {"ob_fvg": {"clam": 1.0}}})
    assert "is not among strategies" in faults({"models": [btc], "routes": {"ob_fgv": {"calm": 1.0}}}, symbols=["BTCUSDT"])


def test_the_configuration_can_be_shown_with_models_and_routes(tmp_path: Path) -> None:
    path = written(tmp_path / "btc.json", model())
    config = tmp_path / "ict.yaml"
    text = f"symbols: [BTCUSDT]\nsignals: {{regimes: {{models: [{path}], routes: {{ob_fvg: {{calm: 1.0}}}}}}}}\n"
    config.write_text(text)
    result = CliRunner().invoke(app, ["config", "show", "--origin", "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert str(path) in result.output
