"""Bodies read without their schema: whatever bytes a dead letter has, it is shown or called unreadable."""

from __future__ import annotations

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import codec
from shared.bus.dead_letters import Unreadable, plain
from shared.domain.control import Alert


def test_message_is_shown_with_its_fields() -> None:
    alert = Alert(severity="info", source="s", key="k", text="환율")
    assert plain(codec.encode(alert))["text"] == "환율"


@given(st.binary(max_size=200))
def test_any_bytes_are_shown_or_unreadable(body: bytes) -> None:
    try:
        shown = plain(body)
    except Unreadable:
        return
    json.dumps(shown).encode("utf-8")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({1: b"\xff", None: [1.5]}, {"1": "ff", "None": [1.5]}),
        (msgpack.Timestamp(0, 0), "Timestamp(seconds=0, nanoseconds=0)"),
        (msgpack.ExtType(5, b"x"), "ExtType(code=5, data=b'x')"),
    ],
)
def test_value_without_a_json_form_becomes_text(value: object, shown: object) -> None:
    assert plain(msgpack.packb(value)) == shown


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x81\x81\x01\x02\x03", b"\x91" * 5_000, b"\xdf\xff\xff\xff\xff", b"\x01\x02"]
)
def test_body_that_is_no_msgpack_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match="not msgpack"):
        plain(body)
