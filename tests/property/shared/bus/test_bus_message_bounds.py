"""Every text, list and amount of every message has a bound, and decoding refuses what is beyond it (OPS-1)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from shared.bus import codec
from shared.bus.amounts import check_of
from shared.bus.port import InvalidMessage
from shared.domain.bounds import MANY, Id
from shared.domain.control import Control
from shared.domain.message import Message
from tests.support.bus.message_samples import samples

MONEY = [kind for kind in codec.MESSAGE_TYPES if check_of(kind) is not None]
#: What users of other systems have lost memory or a loop to.
BOMBS = ["1E+300000000", "-1E+300000000", "0E+300000000", "1E-300000000", "NaN", "sNaN", "Infinity", "-Infinity"]
BOMBS += ["1E+15", "0." + "1" * 41, "9" * 41]


def unbounded(info: inspect.Type, place: str) -> Iterator[str]:
    """Places of a type that have no bound."""
    match info:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from unbounded(field.type, f"{place}.{field.name}")
        case inspect.UnionType(types=types):
            for each in types:
                yield from unbounded(each, place)
        case inspect.StrType(max_length=longest) | inspect.BytesType(max_length=longest):
            if longest is None:
                yield place
        case inspect.CollectionType(item_type=item, max_length=longest):
            if longest is None:
                yield f"{place}[]"
            yield from unbounded(item, f"{place}[]")
        case inspect.DictType(key_type=key, value_type=value, max_length=longest):
            if longest is None:
                yield f"{place}{{}}"
            yield from unbounded(key, f"{place}{{}}")
            yield from unbounded(value, f"{place}{{}}")
        case inspect.AnyType() | inspect.RawType():
            yield place


@pytest.mark.parametrize("kind", codec.MESSAGE_TYPES, ids=lambda kind: kind.TYPE)
def test_every_text_and_list_of_a_message_has_a_bound(kind: type[Message]) -> None:
    assert list(unbounded(inspect.type_info(kind), kind.TYPE)) == []


class Forgetful(Message, frozen=True, kw_only=True):
    """Specimen: a text, a list and a mapping without bound."""

    TYPE: ClassVar[str] = "forgetful"
    name: str
    ids: tuple[Id, ...]
    notes: Annotated[tuple[str, ...], MANY]
    rates: dict[Id, Decimal]


def test_a_field_without_bound_is_caught() -> None:
    found = list(unbounded(inspect.type_info(Forgetful), "forgetful"))
    assert found == ["forgetful.name", "forgetful.ids[]", "forgetful.notes[]", "forgetful.rates{}"]


class Unwalked(Message, frozen=True, kw_only=True):
    """Specimen: an amount in a kind of field that the check cannot walk."""

    TYPE: ClassVar[str] = "unwalked"
    pairs: tuple[Decimal, Decimal]


def test_an_amount_where_nobody_would_look_is_refused_when_the_process_starts() -> None:
    with pytest.raises(TypeError, match="would not be checked"):
        check_of(Unwalked)


def amounts(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Places of the amounts in a message."""
    if isinstance(value, Decimal):
        yield place
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from amounts(getattr(value, name), (*place, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from amounts(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from amounts(item, (*place, key))


def spoilt(body: Any, place: tuple[Any, ...], bomb: str) -> bytes:
    """The body with ``bomb`` at the place."""
    inner = body
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = bomb
    return msgspec.msgpack.encode(body)


@pytest.mark.parametrize("kind", MONEY, ids=lambda kind: kind.TYPE)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_amount_beyond_all_bounds_is_refused_wherever_it_stands(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(samples(kind))
    raw = codec.encode(message)
    assert codec.decode(kind.TYPE, kind.VERSION, raw) == message
    for place in amounts(message):
        bomb = data.draw(st.sampled_from(BOMBS))
        with pytest.raises(InvalidMessage, match=f"invalid {kind.TYPE}|malformed {kind.TYPE}"):
            codec.decode(kind.TYPE, kind.VERSION, spoilt(msgspec.msgpack.decode(raw), place, bomb))


@pytest.mark.parametrize("amount", ["0", "-0", "999999999999999.999", "1E-40", "0.0333333333333333333333333333", "1E+14"])
def test_an_amount_within_bounds_passes(amount: str) -> None:
    raw = msgspec.msgpack.encode({"symbol": "BTCUSDT", "time": 1, "rate": amount})
    assert codec.decode("funding_due", 1, raw).rate == Decimal(amount)  # type: ignore[attr-defined]  # it is a FundingDue


COMMAND = {"id": "c", "command": "halt", "by": "me", "reason": "a test"}


@pytest.mark.parametrize("spoil", [{"id": "i" * 300}, {"by": "b" * 129}, {"reason": "r" * 1_001}])
def test_a_text_beyond_its_bound_is_refused(spoil: dict[str, str]) -> None:
    """An id of 300 bytes once killed risk's lane: it fits into no AMQP property."""
    with pytest.raises(InvalidMessage, match="length"):
        codec.decode(Control.TYPE, Control.VERSION, msgspec.msgpack.encode({**COMMAND, **spoil}))


def test_a_list_beyond_its_bound_is_refused() -> None:
    raw = msgspec.msgpack.encode({"close_time": 1, "placed": ["x"] * 10_001})
    with pytest.raises(InvalidMessage, match="length"):
        codec.decode("step_report", 1, raw)


def test_nesting_without_end_is_refused() -> None:
    raw = b"\x81\xa1z" + b"\x91" * 1_000_000 + b"\x90"
    with pytest.raises(InvalidMessage, match="malformed"):
        codec.decode(Control.TYPE, Control.VERSION, raw)
