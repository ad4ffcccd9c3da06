"""Counts messages that a broker dropped: publishers number their messages, consumers count the gaps."""

from __future__ import annotations

from collections import OrderedDict

from shared.domain.bounded import forget_oldest


class Sequences:
    """Numbers a publisher's messages: 1, 2, 3 … per topic."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, topic: str) -> int:
        """Return the number for the next message of this topic; a repeated message keeps its number."""
        number = self._last[topic] = self._last.get(topic, 0) + 1
        return number


class Gaps:
    """Counts the messages of a publisher's topic that are missing before the present one.

    Drops before the first message that this consumer saw are not counted; a repeat, which has an old number, is no gap. At
    most ``memory`` publisher and topic pairs are remembered, those used last.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()

    def missing_before(self, publisher: str, topic: str, number: int) -> int:
        """Store ``number``, and return how many numbers lie between it and the highest seen before; 0 for a repeat."""
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
