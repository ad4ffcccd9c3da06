"""Several cores as one: the fused layout. Still pure, still one log, one snapshot, one lane."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from shared.core import Core, StaleSnapshot
from shared.domain.message import Message


@dataclass(frozen=True, slots=True)
class Stage:
    """One core of the pipeline and the messages that it takes."""

    name: str
    core: Core
    takes: Callable[[Message], bool]


class SnapshotRefused(Exception):
    """A snapshot that cannot be continued and must not be dropped: a person decides."""


class Pipeline:
    """Runs stages to completion: what a stage emits goes to every stage that takes it, and out of the pipeline.

    ``internal``: message types that no one outside needs; they do not leave. What leaves, leaves in the order in which it
    was made, so the outside cannot tell the pipeline from separate processes.
    """

    def __init__(self, stages: Sequence[Stage], internal: frozenset[type[Message]]) -> None:
        names = [stage.name for stage in stages]
        if len(set(names)) != len(names):
            raise ValueError(f"two stages of the pipeline have the same name: {names}")
        self._stages = tuple(stages)
        self._internal = internal

    def handle(self, message: Message) -> Sequence[Message]:
        leaving: list[Message] = []
        pending = deque((message,))
        while pending:
            current = pending.popleft()
            for stage in self._stages:
                if stage.takes(current):
                    for output in stage.core.handle(current):
                        pending.append(output)
                        if type(output) not in self._internal:
                            leaving.append(output)
        return leaving

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode({stage.name: stage.core.snapshot() for stage in self._stages})

    def restore(self, data: bytes) -> None:
        """Raises SnapshotRefused where a stage's is stale: the others cannot go on beside one that begins anew.

        The log is replayed through all stages together, and a stage that has forgotten would lead those after it to other
        orders than the ones that have left.
        """
        parts = msgspec.msgpack.decode(data, type=dict[str, bytes])
        for stage in self._stages:
            try:
                stage.core.restore(parts[stage.name])
            except StaleSnapshot as stale:
                raise SnapshotRefused(
                    f"{stage.name}: {stale}. In one process with it stands what must not be lost (risk). Start the version "
                    "that wrote it, close what is open, and begin this version with an empty state; or run layout split, "
                    "where each stage has a state of its own"
                ) from stale
