"""Hands messages to cores and sinks in tests, with a time: that which the message claims."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from shared.domain.message import Message
from shared.runtime.sink import Received

Output = TypeVar("Output", covariant=True)


class Handles(Protocol[Output]):
    """A core, whatever it gives."""

    def handle(self, message: Message, now: int) -> Sequence[Output]: ...


#: The last time that a core got; no compiled class can be referred to weakly, so a few of those are kept alive.
_LAST: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_LAST_COMPILED: OrderedDict[int, tuple[Any, int]] = OrderedDict()
_KEPT = 100


def tell(core: Handles[Output], message: Message, now: int = 0) -> Sequence[Output]:
    """Return what ``core`` gives for ``message``: at ``now`` (UTC ms), or at what the message claims if that is later.

    Never before the last one that it got.
    """
    at = max(_last(core), message.at, now)
    if hasattr(core, "__weakref__"):
        _LAST[core] = at
    else:
        _LAST_COMPILED[id(core)] = (core, at)
        while len(_LAST_COMPILED) > _KEPT:
            _LAST_COMPILED.popitem(last=False)
    return core.handle(message, at)


def _last(core: object) -> int:
    if hasattr(core, "__weakref__"):
        return _LAST.get(core, 0)
    kept, at = _LAST_COMPILED.get(id(core), (None, 0))
    return at if kept is core else 0


def received(messages: Iterable[Message], stamped_at: int | None = None) -> list[Received]:
    """Return messages as a sink gets them, each at the time that it claims."""
    return [Received(message, message.at, stamped_at) for message in messages]
