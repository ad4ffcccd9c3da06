"""The composition root is one place (cli/wiring.py)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cli.settings import Settings
from cli.wiring import make_store

CLI = Path(__file__).resolve().parents[3] / "cli"
CONSTRUCTORS = {"RabbitBus", "MemoryBus", "RedisStore", "SqliteStore", "MemoryStore"}


def constructed(path: Path) -> set[str]:
    """The buses and stores that a module calls by their constructor."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    names |= {call.attr for call in calls if isinstance(call, ast.Attribute)}
    return names & CONSTRUCTORS


def test_wiring_alone_constructs_buses_and_stores() -> None:
    builders = {path.relative_to(CLI).as_posix(): found for path in CLI.rglob("*.py") if (found := constructed(path))}
    assert builders == {"wiring.py": {"RabbitBus", "MemoryBus"}}


def test_store_of_a_url_is_opened_by_wiring_alone() -> None:
    opened = ("from shared.store import open", "from shared.store.open import")  # importing the port opens nothing
    opening = {
        path.relative_to(CLI).as_posix() for path in CLI.rglob("*.py") if any(each in path.read_text() for each in opened)
    }
    assert opening == {"wiring.py"}


def test_main_and_every_module_of_the_command_line_is_short() -> None:
    """A file of more than 300 lines is about more than one thing."""
    long = {path.name: lines for path in CLI.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 300}
    assert long == {}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"mode": "paper"}, False),
        ({"account": {"name": "second"}}, False),
        ({"namespace": "another"}, False),
    ],
    ids=["the same", "another mode", "another account", "another namespace"],
)
async def test_a_state_is_of_one_mode_account_and_namespace(other: dict[str, object], same: bool, tmp_path: Path) -> None:
    """RISK-3, issue "risk", bad input: what one account lost, and that it was re-armed, is nothing of another's."""
    url = {"url": f"sqlite:///{tmp_path}/state.sqlite"}
    found = []
    for settings in ({"mode": "sim"}, {"mode": "sim", **other}):
        store = make_store(Settings.model_validate({**settings, "store": url}))
        await store.start()
        state = await store.open("risk")
        found.append(state.log)
        await store.append("risk", state.epoch, [b"lost 2 %"])
        await store.close()
    assert [list(each) for each in found] == [[], [b"lost 2 %"] if same else []]
