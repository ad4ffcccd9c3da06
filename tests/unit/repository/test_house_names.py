"""Names are the field's own: words of an earlier dialect do not come back as names of modules, classes or variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

import pytest

from tests.support.repository.source_text import ROOT, identifiers, sources

#: Word → what the field says. A word is forbidden as a part of any name below the places named.
EVERYWHERE: Final = {
    "alternation": "zigzag",
    "desk": "context, feed state",
    "inquiries": "queries",
    "inquiry": "query",
    "mending": "book resync",
    "mourned": "loss alerted",
    "parking": "dead letter",
    "pit": "symbol book",
    "pits": "symbol books",
    "player": "replay driver",
    "tenure": "lease",
    "venue": "exchange",
    "venues": "exchanges",
}
IN_PLACES: Final = {
    "simulator": {
        "admission": "validation",
        "ladder": "synthetic book",
        "news": "events",
        "ticket": "resting order",
        "tickets": "resting orders",
    },
    "shared/runtime": {"ledger": "commit log"},
    "services/analysis": {"wanted": "dependencies"},
    "services/execution": {
        "act": "action, kind of a request",
        "acts": "commands",
        "carried": "position from fills",
        "hand": "order executor, or who it is: a person",
        "heard": "known, received",
        "hear": "apply, take",
        "held": "remaining, quantity, exposed",
        "ours": "own, order registry",
        "seen": "filled, standing",
        "told": "stated, published",
        "words": "mapping",
    },
    "services/ingest": {"jobs": "task group", "ladder": "aggregation state"},
}
#: Names of modules and packages that say something else in a room of their own.
MODULES: Final = {
    "shared": {"parking", "taken", "ledger"},
    "services/execution": {"books", "condition", "flow", "start", "statement", "statements"},
    "simulator": {"execution", "floor", "lines", "money", "path", "port_words", "till", "words"},
    "services/analysis": {"frame"},
    "services/ingest": {"desk", "mending", "jobs"},
}
#: Names of classes.
CLASSES: Final = {
    "services/execution": {"Ask", "Find", "Search", "AskStatement", "AskExecutions", "Statements"},
    "simulator": {"Floor", "Ticket", "Till", "Waiting"},
}

_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def forbidden(place: str, source: str) -> Iterator[str]:
    """What speaks the dialect in the module at ``place``, with what to say instead."""
    words = dict(EVERYWHERE)
    for prefix, more in IN_PLACES.items():
        if place.startswith(f"{prefix}/"):
            words |= more
    names = [(0, part) for part in PurePosixPath(place).with_suffix("").parts]
    names += identifiers(ast.parse(source))
    for line, name in names:
        for part in _PARTS.findall(name):
            if part.lower() in words:
                yield f"{place}:{line}: {name}: say {words[part.lower()]}"
    for prefix, modules in MODULES.items():
        if place.startswith(f"{prefix}/"):
            yield from (
                f"{place}: a module named {part}" for part in PurePosixPath(place).with_suffix("").parts if part in modules
            )
    for prefix, classes in CLASSES.items():
        if place.startswith(f"{prefix}/"):
            yield from (f"{place}:{line}: {name}" for line, name in identifiers(ast.parse(source)) if name in classes)


def test_no_name_speaks_the_dialect() -> None:
    found = []
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        found += forbidden(place, path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("shared/x.py", "class VenueClock: ..."),
        ("shared/x.py", "def order(self, venue): ..."),
        ("simulator/core/pit.py", ""),
        ("simulator/x.py", "class Waiting: ..."),
        ("simulator/core/till.py", ""),
        ("simulator/core/path.py", ""),
        ("simulator/x.py", "class Floor: ..."),
        ("services/ingest/jobs.py", ""),
        ("services/execution/x.py", "trades_heard = told = 1"),
        ("services/execution/x.py", "def compare(ours): ..."),
        ("services/execution/x.py", "class AskStatement: ..."),
        ("services/execution/statements.py", ""),
    ],
)
def test_a_name_of_the_dialect_is_caught(place: str, source: str) -> None:
    assert list(forbidden(place, source))


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("shared/x.py", "def capital(spirit, until): ..."),
        ("services/x.py", "waiting = words = 1"),
        ("simulator/x.py", "price_floor = 1"),
    ],
)
def test_words_that_only_look_like_it_pass(place: str, source: str) -> None:
    assert not list(forbidden(place, source))
