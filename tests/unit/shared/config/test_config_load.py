"""Loading configuration: precedence, and errors that a user can act on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.config.load import ConfigInvalid, Incoherent, Loaded, load
from shared.domain.like import Like


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Risk(Strict):
    leverage: int = Field(10, ge=1, le=125, description="margin leverage")
    share: Decimal = Field(Decimal("0.01"), gt=0, lt=1, description="of equity")
    pause: float | None = Field(None, gt=0, description="seconds")
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise Incoherent({"low": "must not be above high"})
        return self


class Journal(Strict):
    url: str = "sqlite://"
    api_token: str = ""
    key: SecretStr = SecretStr("default-key")

    @field_validator("key")
    @classmethod
    def _no_blanks(cls, key: SecretStr) -> SecretStr:
        if " " in key.get_secret_value():
            raise ValueError(f"{key.get_secret_value()} contains blanks")
        return key


class Account(Strict):
    name: str
    weight: int = 1


class Root(Strict):
    mode: Literal["sim", "paper"] = "sim"
    symbols: tuple[Annotated[str, Field(pattern=r"^[A-Z]+$"), Like("BTC")], ...] = Field(("BTC",), min_length=1)
    risk: Risk = Field(default_factory=Risk)
    journal: Journal = Field(default_factory=Journal)
    limits: dict[str, int] = Field(default_factory=dict)
    accounts: dict[str, Account] = Field(default_factory=dict)
    drill: bool = False
    file: Path | None = None


def write(directory: Path, text: str, name: str = "a.yaml") -> Path:
    path = directory / name
    path.write_text(text)
    return path


def loaded(directory: Path, text: str = "", environ: dict[str, str] | None = None, **overrides: object) -> Loaded[Root]:
    return load(Root, [write(directory, text)], environ or {}, None, overrides)


def faults(directory: Path, text: str = "", environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        loaded(directory, text, environ, **overrides)
    lines = [str(error).replace(f"{directory}/", "") for error in caught.value.errors]
    assert all(str(error) in str(caught.value) for error in caught.value.errors)
    return lines


def test_each_source_wins_over_those_below_it(tmp_path: Path) -> None:
    """OPS-7: command line > environment > secret files > later YAML > earlier YAML > default."""
    first = write(tmp_path, "risk: {leverage: 1, low: -1, high: 11}\nsymbols: [A, B]\nlimits: {x: 1, y: 1}\n")
    second = write(tmp_path, "risk: {leverage: 2, high: 12}\nsymbols: [C]\nlimits: {y: 2}\n", "b.yaml")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "risk__leverage").write_text("3\n")
    (secrets / "journal__key").write_text("from-a-file\n")
    (secrets / "journal__url").write_text("file")
    environ = {"ICT_RISK__LEVERAGE": "4", "ICT_JOURNAL__URL": "env", "ICT_LIMITS__Z": "3", "HOME": "/root"}
    result = load(Root, [first, second], environ, secrets, {"risk": {"leverage": 5}})
    settings = result.settings
    assert (settings.risk.leverage, settings.risk.high, settings.risk.low) == (5, 12, -1)
    assert settings.symbols == ("C",)
    assert settings.limits == {"x": 1, "y": 2, "Z": 3}
    assert (settings.journal.url, settings.journal.key.get_secret_value()) == ("env", "from-a-file")
    assert result.origin("risk.leverage") == "command line"
    assert result.origin("journal.url") == "environment ICT_JOURNAL__URL"
    assert result.origin("journal.key") == f"secret file {secrets}/journal__key"
    assert result.origin("risk.high") == f"{second}:1"
    assert result.origin("symbols.0") == f"{second}:2"
    assert result.origin("risk.low") == f"{first}:1"
    assert result.origin("mode") == "default"
    with pytest.raises(KeyError, match=r"did you mean risk\.leverage"):
        result.origin("risk.leverag")


def test_every_error_of_every_source_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """OPS-7: no error hides another."""
    text = "mode: papr\nrisk:\n  leverage: 500\n  share: 1\nsymbols:\n  - BTC\n  - btc\naccounts: {a: {}}\n"
    found = faults(tmp_path, text, {"ICT_DRILL": "perhaps", "ICT_NONSENSE__X": "1"}, limits={"x": "many"})
    assert found == [
        "environment ICT_NONSENSE__X: there is no such setting",
        "a.yaml:1: mode = papr: must be one of sim, paper; did you mean paper?",
        "a.yaml:7: symbols.1 = btc: must be text like BTC",
        "a.yaml:3: risk.leverage = 500: must be a whole number from 1 to 125 (margin leverage)",
        "a.yaml:4: risk.share = 1: must be a number above 0 and below 1 (of equity)",
        "command line: limits.x = many: must be a whole number",
        "a.yaml:8: accounts.a.name: is required",
        "environment ICT_DRILL: drill = perhaps: must be true or false",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("risk: {levrage: 3}", "a.yaml:1: risk.levrage: there is no such setting; did you mean leverage?"),
        ("leverage: 3", "a.yaml:1: leverage: there is no such setting; did you mean risk.leverage?"),
        ("journal: {q: 3}", "a.yaml:1: journal.q: there is no such setting; known here: url, api_token, key"),
        ("mode: sim\nmode: paper", "a.yaml:2: mode: is written twice; it already stands at a.yaml:1"),
        ("risk:\n\tleverage: 3", "a.yaml:2: is not YAML: a tab where YAML wants spaces; indent with spaces"),
        ("mode: [", "a.yaml:1: is not YAML: expected the node content, but found '<stream end>'"),
        ("mode: sim\n---\nmode: sim", "a.yaml:2: is not YAML: but found another document"),
        ("- mode", "a.yaml:1: a configuration is a mapping of settings (`mode: sim`), not a list or a single value"),
        ("mode: !!python/name:os.system", None),
        ("mode: 2025-13-45", "a.yaml:1: mode: cannot be read: month must be in 1..12"),
        ("? [a]\n: 1", "a.yaml:1: a key must be a plain word"),
        ("limits: &a\n  x: *a", "a.yaml:1: limits.x: an alias that contains itself"),
        ("risk: {leverage: true}", "a.yaml:1: risk.leverage = true: must be a whole number from 1 to 125"),
        ("risk: {pause: .inf}", "a.yaml:1: risk.pause = inf: must be a number above 0 or null, and finite"),
        ("risk: {share: nan}", "a.yaml:1: risk.share = nan: must be a number above 0 and below 1, and finite"),
        ("risk: {low: 3}", "a.yaml:1: risk.low = 3: must not be above high"),
        ("risk: {high: 0}", "a.yaml:1: risk.low: must not be above high"),
        ("risk: [1]", "a.yaml:1: risk = [1]: must be a section with the keys leverage, share, pause, low, high"),
        ("symbols: BTC", "a.yaml:1: symbols = BTC: must be a list of text like BTC, at least 1 item"),
        ("symbols: []", "a.yaml:1: symbols = []: must be a list of text like BTC, at least 1 item"),
        ("file: 3", "a.yaml:1: file = 3: must be a path or null"),
        ("limits: 3", "a.yaml:1: limits = 3: must be a mapping of text to a whole number"),
        ("mode: null", "a.yaml:1: mode = null: must be one of sim, paper"),
    ],
)
def test_a_defect_is_told_with_file_line_and_what_is_allowed(tmp_path: Path, text: str, expected: str | None) -> None:
    found = faults(tmp_path, text)
    if expected is None:
        assert found[0].startswith("a.yaml:1: mode: cannot be read: could not determine a constructor")
    else:
        assert expected in [line.replace(str(tmp_path) + "/", "") for line in found]


def test_files_that_cannot_be_read_are_named_with_what_is_there(tmp_path: Path) -> None:
    there = write(tmp_path, "mode: sim", "sim.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"mode: \xff")
    (tmp_path / "odd.yaml").write_bytes(b"mode: \x00")
    files = [tmp_path / "sin.yaml", tmp_path / "no" / "sim.yaml", tmp_path, tmp_path / "latin.yaml", tmp_path / "odd.yaml"]
    with pytest.raises(ConfigInvalid) as caught:
        load(Root, files, {}, None)
    missing, lost, directory, latin, odd = (str(error) for error in caught.value.errors)
    assert missing == f"{tmp_path}/sin.yaml: there is no such file; did you mean {there}?"
    assert lost.endswith(f"there is no such file, nor its directory {tmp_path}/no")
    assert directory.startswith(f"{tmp_path}: cannot be read")
    assert "is not UTF-8 text (byte 6)" in latin
    assert "is not YAML" in odd
    with pytest.raises(ConfigInvalid, match=r"has: latin\.yaml, odd\.yaml, sim\.yaml"):
        load(Root, [tmp_path / "zzzzzzzzz.yaml"], {}, None)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "risk:\n  # leverage: 3\njournal:\n"])
def test_empty_or_commented_setting_keeps_the_default(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text).settings == Root()


def test_environment_names_that_match_nothing_are_errors_with_the_name_that_was_meant(tmp_path: Path) -> None:
    """OPS-7: a setting that is silently not set is how accounts are lost."""
    names = ["ICT_RISK_LEVERAGE", "ICT_JOURNAL__URI", "ICT_SYMBOLS__0", "ICT__MODE", "ICT_MODE__X"]
    found = faults(tmp_path, "", dict.fromkeys(names, "1"))
    assert sorted(found) == [
        "environment ICT_JOURNAL__URI: there is no such setting; did you mean ICT_JOURNAL__URL?",
        "environment ICT_MODE__X: there is no such setting; did you mean ICT_MODE?",
        "environment ICT_RISK_LEVERAGE: there is no such setting; did you mean ICT_RISK__LEVERAGE?",
        "environment ICT_SYMBOLS__0: there is no such setting; did you mean ICT_SYMBOLS?",
        "environment ICT__MODE: there is no such setting; did you mean ICT_MODE?",
    ]


def test_names_of_the_command_and_of_the_test_suite_are_no_settings(tmp_path: Path) -> None:
    reserved = {
        "ICT_CONFIG": "x",
        "ICT_SECRETS_DIR": "x",
        "ICT_REQUIRE_SERVICES": "1",
        "ICT_REQUIRE_NATIVE": "1",
        "ICT_TEST_REDIS_URL": "x",
        "ICT_NATIVE": "0",
    }
    assert loaded(tmp_path, "", reserved).settings == Root()


def test_lists_and_sections_in_the_environment_are_json_and_parts_win_over_their_section(tmp_path: Path) -> None:
    environ = {
        "ICT_SYMBOLS": '["X","Y"]',
        "ICT_RISK__LEVERAGE": "7",
        "ICT_RISK": '{"leverage": 3, "high": 9, "pause": 1.5}',
        "ICT_ACCOUNTS__Main__WEIGHT": "4",
        "ICT_ACCOUNTS__Main__NAME": "m",
        "ICT_FILE": "null",
    }
    settings = loaded(tmp_path, "risk: {low: 0}\nfile: x", environ).settings
    assert settings.symbols == ("X", "Y")
    assert (settings.risk.leverage, settings.risk.high, settings.risk.low, settings.risk.pause) == (7, 9, 0, 1.5)
    assert settings.accounts == {"Main": Account(name="m", weight=4)}
    assert settings.file is None
    found = faults(tmp_path, "", {"ICT_SYMBOLS": "X,Y", "ICT_LIMITS": "x"})
    assert any('for example ["X", "Y"]' in line for line in found)
    assert any(line.startswith("environment ICT_LIMITS: limits: must be JSON (Expecting value") for line in found)


def test_database_url_means_the_journal_and_yields_to_our_own_name(tmp_path: Path) -> None:
    hosted = {"DATABASE_URL": "postgresql://x"}
    assert loaded(tmp_path, "", hosted).settings.journal.url == "postgresql://x"
    assert loaded(tmp_path, "", {**hosted, "ICT_JOURNAL__URL": "own"}).settings.journal.url == "own"
    assert load(Risk, [], hosted, None).settings == Risk()


def test_secret_files_that_resemble_a_setting_are_errors_and_strangers_are_passed_over(tmp_path: Path) -> None:
    for name in ("journal__kee", "journal__api_token", "modee", "redhat.repo", ".hidden"):
        (tmp_path / name).write_text("x")
    (tmp_path / "journal__url").write_bytes(b"\xff")
    (tmp_path / "kubernetes.io").mkdir()
    (tmp_path / "risk__share").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigInvalid) as caught:
        load(Root, [], {}, tmp_path)
    assert [str(error).replace(f"secret file {tmp_path}/", "") for error in caught.value.errors] == [
        "journal__kee: there is no such setting; did you mean journal__key?",
        "journal__url: journal.url: is not UTF-8 text",
        "modee: there is no such setting; did you mean mode?",
        "risk__share: risk.share: cannot be read: No such file or directory",
    ]
    with pytest.raises(ConfigInvalid, match="secrets directory"):
        load(Root, [], {}, tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [
        "journal: {key: [geheim]}",
        "journal: {key: 'geheim geheim'}",
        "journal: {api_token: [geheim]}",
        "journal: {kei: geheim}",
        "journal: {url: ['postgres://u:geheim@host/db']}",
        "risk: {password: {a: geheim}}",
    ],
)
def test_no_error_repeats_a_secret(tmp_path: Path, text: str) -> None:
    """OPS-7: also not when the secret stands under a misspelt name, in an address, or in a validator's own words."""
    found = faults(tmp_path, text)
    assert found
    assert "geheim" not in "\n".join(found)


def test_a_checker_that_showed_what_it_was_given_would_be_caught(tmp_path: Path) -> None:
    """The specimen for the test above: a value that is no secret is shown, so its absence there means something."""
    assert "geheim" in "\n".join(faults(tmp_path, "mode: geheim"))


def test_long_values_are_cut(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, f"mode: {'x' * 500}")
    assert len(line) < 200
    assert "xxx…" in line
