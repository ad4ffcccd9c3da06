"""Runs several cores as one core, for the fused layout: one lane, one log, one snapshot. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from shared.core import Core, Overview, Overviewed, StaleSnapshot
from shared.domain.message import Message


@dataclass(frozen=True, slots=True)
class Stage:
    """One core of the pipeline and the messages that it takes."""

    name: str
    core: Core
    takes: Callable[[Message], bool]


class SnapshotRefused(Exception):
    """A snapshot that cannot be restored and must not be dropped: a person decides."""


class Pipeline:
    """Passes the output of each stage to every stage that takes it, and returns it to the caller.

    internal: message types that are not returned. The others are returned in the order in which they were made, so their
    order is that of separate processes.
    """

    def __init__(self, stages: Sequence[Stage], internal: frozenset[type[Message]]) -> None:
        names = [stage.name for stage in stages]
        if len(set(names)) != len(names):
            raise ValueError(f"two stages of the pipeline have the same name: {names}")
        self._stages = tuple(stages)
        self._internal = internal

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        leaving: list[Message] = []
        pending = deque((message,))
        while pending:
            current = pending.popleft()
            for stage in self._stages:
                if stage.takes(current):
                    for output in stage.core.handle(current, now):
                        pending.append(output)
                        if type(output) not in self._internal:
                            leaving.append(output)
        return leaving

    def overview(self) -> Overview:
        """Return what the stages show, together."""
        shown: dict[str, msgspec.Struct | None] = {}
        for stage in self._stages:
            if isinstance(stage.core, Overviewed):
                shown |= stage.core.overview()
        return shown

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode({stage.name: stage.core.snapshot() for stage in self._stages})

    def restore(self, data: bytes) -> None:
        """Restore every stage. Raises SnapshotRefused if a stage's snapshot is stale: no stage may start again alone.

        The log is replayed through all stages together; a stage without its state would lead the stages after it to other
        orders than those already sent.
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
