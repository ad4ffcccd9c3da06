"""msgspec's bytes are msgpack: a second implementation reads every message that may travel, and writes what we read."""

from __future__ import annotations

from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.bus import codec
from shared.domain.message import Message
from tests.support.bus.message_samples import samples


@pytest.fixture(params=codec.MESSAGE_TYPES, ids=lambda kind: kind.TYPE)
def kind(request: pytest.FixtureRequest) -> type[Message]:
    found: type[Message] = request.param
    return found


def listed(value: Any) -> Any:
    """Tuples as lists, as msgpack has but one kind of sequence."""
    if isinstance(value, list | tuple):
        return [listed(each) for each in value]
    if isinstance(value, dict):
        return {key: listed(each) for key, each in value.items()}
    return value


def test_msgpack_reads_what_msgspec_writes_and_writes_what_msgspec_reads(kind: type[Message]) -> None:
    @hypothesis_settings(max_examples=25, derandomize=True)
    @given(samples(kind))
    def holds(message: Message) -> None:
        plain = listed(msgspec.to_builtins(message))
        assert msgpack.unpackb(codec.encode(message), strict_map_key=False) == plain
        assert codec.decode(kind.TYPE, kind.VERSION, msgpack.packb(plain)) == message

    holds()


@given(st.data())
def test_codec_that_writes_another_format_is_caught(data: st.DataObject) -> None:
    """The specimen: JSON bytes are refused by msgpack or read as something else."""
    message = data.draw(samples(codec.MESSAGE_TYPES[0]))
    try:
        read = msgpack.unpackb(msgspec.json.encode(message), strict_map_key=False)
    except ValueError:
        return
    assert read != listed(msgspec.to_builtins(message))
