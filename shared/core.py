"""The interface of every core: it takes a message and the time, and returns messages. No clock, no randomness, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from shared.domain.message import Message

#: What a person may see of a state, by the name of its part ("risk"); None = it is known that another process has it.
Overview = Mapping[str, msgspec.Struct | None]


class StaleSnapshot(ValueError):
    """A snapshot that this version cannot restore, of a core that may start without it.

    Only a core whose state can be rebuilt from candles raises it, or one that loses by it no more than the memory of signals
    that it gave. A core that holds orders or positions raises another
    error, and its lane stops: that state exists nowhere else, and a person must decide.
    """


class Core(Protocol):
    """A pure, deterministic state machine.

    The same messages at the same times in the same order give the same outputs, in every process.
    ``restore(snapshot())`` on a fresh core gives one that behaves as the original. A message older than what the core has
    seen is a duplicate: it returns nothing. A core raises only on a bug: bad *content* was refused when the message was
    decoded.
    """

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """Handle one message. Returns the messages to publish, in order.

        ``now``: the time of the handling, UTC ms; it never goes backwards, also after a restart. No core infers it from
        what messages claim.
        """
        ...

    def snapshot(self) -> bytes:
        """Return the whole state, encoded."""
        ...

    def restore(self, data: bytes) -> None:
        """Replace the state by one that ``snapshot`` returned, in this process or another.

        Raises, without a change, for a snapshot that it cannot restore; see ``StaleSnapshot``.
        """
        ...


@runtime_checkable
class Overviewed(Protocol):
    """What shows its state to people; a core need not."""

    def overview(self) -> Overview:
        """Return what may be seen, by part: no secrets. It changes nothing, and is called between two messages."""
        ...
