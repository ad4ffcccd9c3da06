"""A configuration as text: every value in force, secrets masked, and where each comes from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from shared.config.document import document, leaves, values
from shared.config.load import load


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Decimal = Field(Decimal("0.10"), gt=0)
    huge: Decimal = Decimal(10**12)
    path: Path | None = None


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    inner: Inner = Field(default_factory=Inner)
    table: dict[str, Inner] = Field(default_factory=lambda: {"a": Inner()})
    key: SecretStr = SecretStr("geheim")
    empty: SecretStr = SecretStr("")
    api_keys: dict[str, str] = Field(default_factory=lambda: {"k": "geheim"})
    url: str = "postgresql://ict:geheim@host/db"
    text: str = "yes: #1"
    plain: tuple[str, ...] = ("1m", "true", "1e3")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text("text: no\ninner:\n  share: 0.25\ntable:\n  b:\n    huge: 5\n".replace("text: no", "text: other"))
    return path


def test_a_document_loads_to_the_values_that_it_shows(tmp_path: Path, file: Path) -> None:
    settings = load(Root, [file], {}, None).settings
    (tmp_path / "shown.yaml").write_text(document(settings))
    assert load(Root, [tmp_path / "shown.yaml"], {}, None).settings.model_dump(
        exclude={"key", "api_keys", "url"}
    ) == settings.model_dump(exclude={"key", "api_keys", "url"})


def test_a_document_shows_no_secret() -> None:
    text = document(Root())
    assert "geheim" not in text
    assert "key: '**********'\nempty: ''\n" in text
    assert "postgresql://ict:***@host/db" in text


def test_an_origin_stands_behind_each_value(file: Path) -> None:
    loaded = load(Root, [file], {"ICT_PLAIN": '["x"]'}, None, {"url": "sqlite://"})
    lines = document(loaded.settings, (), loaded.origin_of).splitlines()
    assert f"  share: 0.25  # {file}:3" in lines
    assert "  huge: 1000000000000  # default" in lines
    assert f"    huge: 5  # {file}:6" in lines
    assert "plain: [x]  # environment ICT_PLAIN" in lines
    assert "url: sqlite://  # command line" in lines


def test_a_part_is_shown_beneath_its_sections() -> None:
    assert yaml.safe_load(document(Root(), ("table", "a"))) == {"table": {"a": {"share": 0.1, "huge": 10**12, "path": None}}}
    assert document(Root(), ("inner", "share")) == "inner:\n  share: 0.10\n"


@pytest.mark.parametrize("path", [("nothing",), ("inner", "nothing"), ("text", "nothing"), ("table", "b")])
def test_a_part_that_does_not_exist_is_a_key_error(path: tuple[str, ...]) -> None:
    with pytest.raises(KeyError):
        values(Root(), path)


def test_leaves_are_every_value_with_its_path() -> None:
    found = dict(leaves(values(Root())))
    assert found[("inner", "path")] is None
    assert found[("plain",)] == ["1m", "true", "1e3"]
    assert found[("api_keys", "k")] == "**********"
