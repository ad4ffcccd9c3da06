"""Hands messages to cores and sinks in tests, with a time: that which the message claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from shared.domain.message import Message
from shared.runtime.sink import Received

Output = TypeVar("Output", covariant=True)


class Handles(Protocol[Output]):
    """A core, whatever it gives."""

    def handle(self, message: Message, now: int) -> Sequence[Output]: ...


_LAST: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def tell(core: Handles[Output], message: Message, now: int = 0) -> Sequence[Output]:
    """Return what ``core`` gives for ``message``: at ``now`` (UTC ms), or at what the message claims if that is later.

    Never before the last one that it got.
    """
    _LAST[core] = max(_LAST.get(core, 0), message.at, now)
    return core.handle(message, _LAST[core])


def received(messages: Iterable[Message], stamped_at: int | None = None) -> list[Received]:
    """Return messages as a sink gets them, each at the time that it claims."""
    return [Received(message, message.at, stamped_at) for message in messages]
