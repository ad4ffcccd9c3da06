"""The one shape of every decision maker: message in, messages out. No clock, no randomness, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.domain.message import Message


class StaleSnapshot(ValueError):
    """A snapshot that this version cannot continue, of a core that may begin without: what comes teaches it anew.

    Only a core all of whose state can be had again from candles raises it. One that knows of orders or positions raises
    anything else, and its lane stops: that state exists nowhere else, and a person must decide.
    """


class Core(Protocol):
    """A pure, deterministic state machine.

    The same messages in the same order give the same outputs, in every process. ``restore(snapshot())`` on a fresh core
    gives one that cannot be told from the original. A message older than what the core has seen is a duplicate and gives
    nothing. A core raises only on a bug: bad *content* was refused when the message was decoded.
    """

    def handle(self, message: Message) -> Sequence[Message]:
        """Take one message, return what follows from it, in the order in which it must leave."""
        ...

    def snapshot(self) -> bytes:
        """The whole state, encoded."""
        ...

    def restore(self, data: bytes) -> None:
        """Replace the state by one that ``snapshot`` gave, in this process or another.

        Raises, and changes nothing, for one that it cannot continue; see ``StaleSnapshot``.
        """
        ...
