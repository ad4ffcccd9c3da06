"""What the release before logged, sent and signed is read by this one: an upgrade loses no lane's log (NFR, EXEC-2)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from shared.approval.commands import content
from shared.approval.signing import COMMAND, Realm, Verifier
from shared.bus.codec import MESSAGE_TYPES, decode, encode
from shared.bus.port import InvalidMessage
from shared.domain.control import Control
from shared.domain.intents import VerdictBundle
from shared.domain.message import Message
from shared.runtime.lane import log as lane_log

#: Written by the code of 35fed5d: one message of each type whose version was raised since, and the key that signed them.
_RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[3] / "support/bus/earlier_release.json").read_text())
MESSAGES: dict[str, Any] = _RECORDED["messages"]
VERIFIER = Verifier(_RECORDED["public_key"], Realm("sim", "ict", "default"))


def read(name: str) -> Message:
    return decode(name, MESSAGES[name]["version"], base64.b64decode(MESSAGES[name]["body"]))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_of_the_release_before_is_read_and_logged_again(name: str) -> None:
    """The log of a lane that drained under the release before holds such messages."""
    message = read(name)
    again, stamp = lane_log.logged(lane_log.entry(message, encode(message), 7))
    assert (again, stamp) == (message, 7)


def test_those_are_all_the_types_that_still_read_an_earlier_version() -> None:
    assert {kind.TYPE for kind in MESSAGE_TYPES if kind.OLDEST} == set(MESSAGES)
    for kind in MESSAGE_TYPES:
        assert kind.OLDEST in (0, MESSAGES.get(kind.TYPE, {}).get("version")), kind


def test_signatures_of_the_release_before_hold_and_an_added_field_breaks_them() -> None:
    """RISK-1, RISK-7: it signed content that had no such field, and nobody may add it."""
    bundle, control = read("verdict_bundle"), read("control")
    assert isinstance(bundle, VerdictBundle)
    assert isinstance(control, Control)
    intent = bundle.verdicts[0].intent
    assert intent is not None
    assert VERIFIER.approved(intent, bundle.verdicts[0].signature)
    voided = type(intent)(**{**{n: getattr(intent, n) for n in intent.__struct_fields__}, "void_at": intent.target})
    assert not VERIFIER.approved(voided, bundle.verdicts[0].signature)
    commands = VERIFIER.of(COMMAND)
    assert commands.approved(content(control), control.signature)
    named = type(control)(**{**{n: getattr(control, n) for n in control.__struct_fields__}, "strategy": "ote"})
    assert not commands.approved(content(named), control.signature)


def test_a_version_before_those_is_refused_with_those_that_are_read() -> None:
    with pytest.raises(InvalidMessage, match=r"unknown version 3 of decision_bundle, this process reads 4 to 5"):
        decode("decision_bundle", 3, b"")
    with pytest.raises(InvalidMessage, match=r"unknown version 9 of decision_bundle"):
        decode("decision_bundle", 9, b"")
