"""The wire is versioned: whoever changes a message's fields raises its version, or readers take it for the old one."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
import pytest

from shared.bus.codec import MESSAGE_TYPES
from shared.domain.message import Message, Milliseconds
from tests.support.bus.wire_versions import faults, fingerprint

#: Type → version → fingerprint of its fields. A line is added with each version; a line that is here never changes.
VERSIONS: dict[str, dict[int, str]] = {
    "feed_step": {1: "316b5b383a882abc", 2: "bc33eb060e5f1f0e"},
    "feed_history": {1: "15bbb9e9a09238d6", 2: "8da20d24f13e53af"},
    "candle_bundle": {1: "1cf916bea3d0ba0a", 2: "776e969dc86aa549"},
    "analysis_bundle": {1: "b68429139d53d968", 2: "95335f0cbbc8ff30"},
    "decision_bundle": {
        1: "c452aafd5fc43ed3",
        2: "81fdb2ec1384a8af",
        3: "9dc138054ce94f66",
        4: "ed07bc4828aa0950",
        5: "bf7ab1cb152fb22c",
    },
    "judgement_bundle": {1: "c8c69e1a9703afd8"},
    "verdict_bundle": {
        1: "6689f93f3a595e7a",
        2: "8159cf3bc0760f82",
        3: "8db1d729fb156825",
        4: "e9337b4ee8359fcc",
        5: "da6eb33fb87d2248",
        6: "016100eef298572e",
        7: "b59c4b6063ec68ed",
        8: "5c912587714ddcb1",
    },
    "risk_order": {1: "382d59ba47d86e36"},
    "order_event": {1: "ff2c16aa33ed162d"},
    "step_report": {1: "4010c41211a445b0"},
    "account_statement": {
        1: "3e1366018b0ffef2",
        2: "a6908b4616a9b863",
        3: "c5a3e835aaf17aab",
        4: "ed3f92d4e0267a8c",
    },
    "instrument_list": {1: "c9d98cf0577d71bc", 2: "ca7c623de0906493"},
    "market_step": {1: "e5bd48e27e727083", 2: "f6a3aae4c90d3c55"},
    "risk_report": {1: "6f2a9595172716eb", 2: "878b03ce3ed79ee4"},
    "control": {1: "48056b1dcf5237e5", 2: "32c3bce66152fc7b", 3: "d08cd66611a74d46"},
    "clock_tick": {1: "719bc760874db8cf"},
    "alert": {1: "dcb95c48910d1fd2"},
    "micro": {1: "d7d460dea8894c3e"},
    "mark_prices": {1: "8be5cb5eeb735684"},
    "funding_due": {1: "87272d6c8ab42c3d"},
}


class Part(msgspec.Struct, frozen=True):
    """A nested struct."""

    word: Literal["one", "two"] = "one"


class Told(Message, frozen=True, kw_only=True):
    """The message as it was."""

    TYPE: ClassVar[str] = "told"
    time: Milliseconds
    part: Part = Part()
    number: int = 1


LINES = {"told": {1: fingerprint(Told)}}


class Wordier(msgspec.Struct, frozen=True):
    """As ``Part``, with another word."""

    word: Literal["one", "two", "three"] = "one"


class Longer(Told, frozen=True, kw_only=True):
    """Specimen: a field more."""

    more: int = 0


class Renamed(Message, frozen=True, kw_only=True):
    """Specimen: a field with another name."""

    TYPE: ClassVar[str] = "told"
    at: Milliseconds
    part: Part = Part()
    number: int = 1


class Wider(Message, frozen=True, kw_only=True):
    """Specimen: a field of another type."""

    TYPE: ClassVar[str] = "told"
    time: float
    part: Part = Part()
    number: int = 1


class Deeper(Message, frozen=True, kw_only=True):
    """Specimen: another word in a nested vocabulary."""

    TYPE: ClassVar[str] = "told"
    time: Milliseconds
    part: Wordier = Wordier()
    number: int = 1


class Defaulted(Message, frozen=True, kw_only=True):
    """Specimen: another default."""

    TYPE: ClassVar[str] = "told"
    time: Milliseconds
    part: Part = Part()
    number: int = 2


class Raised(Longer, frozen=True, kw_only=True):
    """Changed as it should be."""

    VERSION: ClassVar[int] = 2


class Retold(Message, frozen=True, kw_only=True):
    """Only the words about it, and a bound, have changed."""

    TYPE: ClassVar[str] = "told"
    time: int
    part: Part = Part()
    number: int = 1


def test_the_fields_of_each_message_are_those_of_its_version() -> None:
    assert faults(MESSAGE_TYPES, VERSIONS) == []


@pytest.mark.parametrize("specimen", [Longer, Renamed, Wider, Deeper, Defaulted])
def test_a_changed_field_without_a_raised_version_is_caught(specimen: type[Message]) -> None:
    assert faults([specimen], LINES) != []


def test_a_raised_version_needs_its_line_and_keeps_the_old_one() -> None:
    now = fingerprint(Raised)
    assert faults([Raised], LINES) != []
    assert faults([Raised], {"told": {2: now}}) != []
    assert faults([Raised], {"told": {1: now, 2: now}}) != []
    assert faults([Raised], {"told": {**LINES["told"], 2: now}}) == []


def test_other_prose_and_another_bound_are_no_other_version() -> None:
    assert faults([Retold], LINES) == []


def test_a_type_that_is_gone_or_not_listed_is_told() -> None:
    assert faults([], LINES) != []
    assert faults([Told], {}) != []
