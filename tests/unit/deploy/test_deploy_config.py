"""The documented configuration file is the models' own words, and every model is as strict as the loader needs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cli.docs.write_config import text
from cli.settings import Settings
from shared.bus.topology import Mode
from shared.config.document import document
from shared.config.fields import known_paths, of_field
from shared.config.load import load

ROOT = Path(__file__).resolve().parents[3]


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        section = of_field(field).model
        if section is not None:
            yield from models(section)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_shipped_file_is_what_the_models_say(mode: Mode) -> None:
    """A setting that is added, renamed or bounded differently shows here; `make config` writes the file again."""
    assert (ROOT / f"config/{mode}.yaml").read_text(encoding="utf-8") == text(mode)


def test_the_paper_file_needs_nothing_more() -> None:
    """OPS-2: paper needs no key; testnet and live need secrets, which no file holds."""
    assert load(Settings, [ROOT / "config/paper.yaml"], {}, None).settings.mode == "paper"


def test_the_shipped_file_sets_the_defaults_and_names_every_setting() -> None:
    shipped = load(Settings, [ROOT / "config/sim.yaml"], {}, None).settings
    assert shipped.model_dump(exclude={"replica"}) == Settings().model_dump(exclude={"replica"})
    words = (ROOT / "config/sim.yaml").read_text(encoding="utf-8")
    assert [path for path in known_paths(Settings) if f"{path[-1]}:" not in words] == []


def test_every_section_refuses_unknown_settings_is_frozen_and_describes_itself() -> None:
    """OPS-7: one section that ignores a misspelt name would be enough."""
    for model in models(Settings):
        assert model.model_config.get("extra") == "forbid", model
        assert model.model_config.get("frozen") is True, model
        assert [name for name, field in model.model_fields.items() if not field.description] == [], model


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Decimal = Field(Decimal("0.10"), gt=0, description="A share.")
    huge: Decimal = Field(Decimal(10**12), description="big")
    path: Path | None = Field(None, description="where")


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    inner: Inner = Field(default_factory=Inner, description="a section")
    table: dict[str, Inner] = Field(default_factory=lambda: {"a": Inner()}, description="a table")
    key: SecretStr = Field(SecretStr("geheim"), description="a key")
    name: str = Field(default_factory=lambda: "made-here", description="a name")
    text: str = Field("yes: #1", description="text that YAML would read otherwise")
    plain: tuple[str, ...] = ("1m", "true", "1e3")


def test_a_document_loads_to_the_defaults_shows_no_secret_and_no_process(tmp_path: Path) -> None:
    written = document(Root, "A title that is wrapped.", width=40)
    file = tmp_path / "a.yaml"
    file.write_text(written)
    assert load(Root, [file], {}, None).settings == Root()
    assert "geheim" not in written
    assert "made-here" not in written
    assert "  # A share. Allowed: a number above 0.\n  share: 0.10\n" in written
    assert "huge: 1000000000000\n" in written
    assert all(len(line) <= 100 for line in written.splitlines())
