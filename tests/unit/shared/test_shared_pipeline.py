"""The fused layout: several cores as one, with the outputs of separate ones."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from shared.domain.control import Alert, ClockTick, Micro
from shared.domain.message import Message
from shared.pipeline import Pipeline, Stage
from tests.support.runtime.telling import tell


class Counting:
    """Turns each message into one of the next kind; its count is its state."""

    def __init__(self, kind: type[Message]) -> None:
        self.kind = kind
        self.count = 0

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        self.count += 1
        if self.kind is ClockTick:
            return [ClockTick(time=self.count)]
        return [Alert(severity="info", source="test", key=str(self.count), text="counted")]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.count)

    def restore(self, data: bytes) -> None:
        self.count = msgspec.msgpack.decode(data, type=int)


def micro(time: int) -> Micro:
    return Micro(symbol="BTCUSDT", time=time, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)


def pipeline(internal: frozenset[type[Message]] = frozenset()) -> Pipeline:
    return Pipeline(
        [
            Stage("first", Counting(ClockTick), lambda message: isinstance(message, Micro)),
            Stage("second", Counting(Alert), lambda message: isinstance(message, ClockTick)),
        ],
        internal,
    )


def test_stage_output_reaches_the_next_stage_and_leaves_in_order() -> None:
    """OPS-1: the outside cannot tell the pipeline from separate processes."""
    outputs = tell(pipeline(), micro(1))
    assert [type(output) for output in outputs] == [ClockTick, Alert]


def test_internal_messages_do_not_leave() -> None:
    """Analyses stay inside the fused process: nobody outside reads them."""
    assert [type(output) for output in tell(pipeline(frozenset({ClockTick})), micro(1))] == [Alert]


def test_a_restored_pipeline_goes_on_where_the_original_stood() -> None:
    """Invariant 3: one snapshot holds every stage."""
    original, restored = pipeline(), pipeline()
    tell(original, micro(1))
    restored.restore(original.snapshot())
    assert tell(restored, micro(2)) == tell(original, micro(2))


def test_two_stages_of_one_name_are_refused() -> None:
    """Their snapshots would overwrite each other."""
    stage = Stage("same", Counting(Alert), lambda message: True)
    with pytest.raises(ValueError, match="same name"):
        Pipeline([stage, stage], frozenset())
