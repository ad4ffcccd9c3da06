"""Snapshots: no attribute is forgotten, and one of other detectors is refused (ARCHITECTURE, invariant 3)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding
from services.analysis.engine import Engine, EngineState
from services.analysis.settings import AnalysisSettings
from services.analysis.state import load, save
from shared.core import StaleSnapshot
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, SYMBOL, TIMEFRAME, seeded_walk

WALK = seeded_walk(4, 500)


def engine(settings: AnalysisSettings, candles: int) -> Engine:
    one = Engine(SYMBOL, TIMEFRAME, settings)
    for candle in WALK[:candles]:
        one.update(candle)
    return one


#: How a class with fixed attributes holds them: compiled, and with __slots__.
DESCRIPTORS = ("getset_descriptor", "member_descriptor")


def attributes(owner: object) -> dict[str, object]:
    """Every attribute with its value, compiled or not; methods and class constants left out."""
    names = set(getattr(owner, "__dict__", ()))
    for each in type(owner).__mro__:
        names |= {name for name, kind in vars(each).items() if type(kind).__name__ in DESCRIPTORS}
    return {name: getattr(owner, name) for name in sorted(names) if not name.startswith("__")}


#: What is no state: the message that the border keeps with a finding, and what happened at the close that is over.
OF_THIS_CLOSE = {"ended", "failed", "failures", "left", "over", "lost", "turned"}
PASSING = {
    "RejectionBlocks": {"high", "low"},
    "LocalDays": {"_midnights", "_day", "_day_start", "_day_end"},  # what the zone's rules said, remembered
    "Decimals": {"_from", "_to", "_scale"},  # the scale of the last price, remembered; it decides nothing
    "Finding": {"fact", "earlier"},
    "CandleClose": set(attributes(CandleClose(1, 1))) - set(CandleClose.STATE) - {"first", "last"},
}


def differences(one: object, other: object, path: str, seen: set[int]) -> Iterator[str]:
    """Where two detectors differ, to the bottom."""
    if type(one) is not type(other):
        yield f"{path}: {one!r} is not {other!r}"
    elif isinstance(one, bool | int | float | str | None):
        if one != other:
            yield f"{path}: {one!r} is not {other!r}"
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            yield f"{path}: {len(one)} and {len(other)} items"
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from differences(left, right, f"{path}[{number}]", seen)
    elif id(one) not in seen:
        seen.add(id(one))
        mine, theirs = attributes(one), attributes(other)
        passing = PASSING.get(type(one).__name__, set()) | OF_THIS_CLOSE
        for name in mine.keys() - passing:
            yield from differences(mine[name], theirs[name], f"{path}.{name}", seen)


def roster(one: Engine) -> object:
    return one._roster


@pytest.mark.parametrize("settings", [LIVELY, OTHER_OPTIONS, AnalysisSettings()], ids=["lively", "other", "default"])
@pytest.mark.parametrize("candles", [0, 1, 40, 333, 500])
def test_every_attribute_of_every_detector_survives(settings: AnalysisSettings, candles: int) -> None:
    """Invariant 3: whatever a detector holds is in its STATE or follows from it; a new attribute is found here."""
    first = engine(settings, candles)
    data = msgspec.msgpack.encode(first.state())
    second = engine(settings, 77)  # a used engine: nothing of its own past may shine through
    second.restore(msgspec.msgpack.decode(data, type=EngineState))
    assert list(differences(roster(first), roster(second), "roster", set())) == []


class Forgetful:
    """The specimen: ``count`` is no constant and is not in STATE."""

    STATE = ("last",)

    def __init__(self) -> None:
        self.last = 0
        self.count = 0


def test_the_walk_catches_a_forgotten_attribute() -> None:
    """STYLE: every checker has a specimen it must catch."""
    one, other = Forgetful(), Forgetful()
    one.last, one.count = 3, 4
    load(other, save(one))
    assert list(differences(one, other, "specimen", set())) == ["specimen.count: 4 is not 0"]


def test_nested_plain_values_and_records_come_back_as_they_were() -> None:
    """Invariant 3: tuples, dictionaries, records and None keep their types through msgpack."""

    class Owner:
        STATE = ("value",)
        value: object = None

    finding = Finding("bos", "bearish", 2.0, 1.0, 5, 6, ref=("swing_low", "bullish", 4, 0), candles=(4, 5), numbers=(1.5,))
    before = Owner()
    before.value = [None, (1, 2.5, "x"), {"a": [True]}, finding]
    after = Owner()
    load(after, msgspec.msgpack.decode(msgspec.msgpack.encode(save(before))))
    assert list(differences(before, after, "owner", set())) == []
    assert isinstance(after.value, list)
    assert after.value[:3] == before.value[:3]


@pytest.mark.parametrize(
    "data", ["text", [1, 2], [{"Stranger": [1]}], [{"Finding": ["fvg"]}], [{"tuple": 3}], [{"a": [], "b": []}]]
)
def test_data_of_another_shape_is_refused(data: object) -> None:
    """Invariant 3: a half-understood snapshot is worse than none."""

    class Owner:
        STATE = ("value",)
        value: object = None

    with pytest.raises(StaleSnapshot):
        load(Owner(), data)  # type: ignore[arg-type]  # the wrong type is the point


@pytest.mark.parametrize("change", [{"fvg": {"enabled": False}}, {"order_block": {"enabled": False}}])
def test_a_snapshot_of_other_detectors_is_refused_and_says_what_to_do(change: dict[str, object]) -> None:
    """Invariant 3: switched on or off in between, the state does not fit."""
    other = Engine(SYMBOL, TIMEFRAME, AnalysisSettings.model_validate(change))
    with pytest.raises(StaleSnapshot, match="warm up from candles"):
        other.restore(engine(AnalysisSettings(), 100).state())


def test_a_state_is_a_copy() -> None:
    """Invariant 3: what was saved does not move with the engine."""
    one = engine(LIVELY, 300)
    state = one.state()
    before = msgspec.msgpack.encode(state)
    for candle in WALK[300:]:
        one.update(candle)
    assert msgspec.msgpack.encode(state) == before
