"""Drops that a broker makes in silence, made visible: publishers number their messages, consumers count what is missing."""

from __future__ import annotations

from collections import OrderedDict

from shared.domain.bounded import forget_oldest


class Sequences:
    """The publisher's side: 1, 2, 3 … per topic."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, topic: str) -> int:
        """The number of the next message of this topic; a repeat of a message keeps its number."""
        number = self._last[topic] = self._last.get(topic, 0) + 1
        return number


class Gaps:
    """The consumer's side: how many messages of a publisher's topic are missing before this one.

    What was dropped before the first message that this consumer saw cannot be known and is not counted; a repeat, which
    comes with an old number, is none. At most ``memory`` publisher and topic pairs are remembered, the latest used.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()

    def missing_before(self, publisher: str, topic: str, number: int) -> int:
        """Take note of ``number`` and return how many lie between it and the highest seen before; 0 for a repeat."""
        key = (publisher, topic)
        last = self._last.get(key)
        if last is None:
            self._last[key] = number
            forget_oldest(self._last, self._memory)
            return 0
        self._last.move_to_end(key)
        if number <= last:
            return 0
        self._last[key] = number
        return number - last - 1
