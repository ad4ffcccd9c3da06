"""A log event is one fixed key plus fields: what is searched for is the key, what differs is a field."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("shared", "services", "simulator", "research", "cli")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Event(NamedTuple):
    """One call of a logger: where it stands, its key (None = not a plain string), and the names of its fields."""

    place: str
    key: str | None
    fields: frozenset[str]


def events(source: str, place: str) -> Iterator[Event]:
    """The calls ``log.<level>(...)`` in a module's text."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "log" and node.args:
            first = node.args[0]
            key = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
            fields = frozenset(each.arg for each in node.keywords if each.arg is not None)
            yield Event(f"{place}:{node.lineno}", key, fields)


def events_below(folder: str) -> list[Event]:
    """The events of every module below a folder of the repository."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [event for path in paths for event in events(path.read_text(), str(path.relative_to(ROOT)))]


def test_every_log_event_is_a_fixed_key_in_snake_case() -> None:
    found = [event for folder in PLACES for event in events_below(folder)]
    assert len(found) > 40
    assert [event for event in found if event.key is None or not KEY.fullmatch(event.key)] == []


def test_both_buses_tell_the_same_event_with_the_same_fields() -> None:
    memory = {event.key: event.fields for event in events_below("shared/bus/memory")}
    rabbitmq: dict[str | None, set[frozenset[str]]] = {}
    for event in events_below("shared/bus/rabbitmq"):
        rabbitmq.setdefault(event.key, set()).add(event.fields)
    assert {"stale_settle", "handler_failed"} <= memory.keys() & rabbitmq.keys()
    assert {key: rabbitmq[key] for key in memory.keys() & rabbitmq.keys()} == {
        key: {memory[key]} for key in memory.keys() & rabbitmq.keys()
    }


def test_a_sentence_and_a_formatted_text_as_event_are_caught() -> None:
    """The specimens."""
    source = 'log.info("broker is away")\nlog.info(f"queue {1}")\nlog.info("queue_full", queue="q")\n'
    assert [bool(event.key and KEY.fullmatch(event.key)) for event in events(source, "x")] == [False, False, True]
