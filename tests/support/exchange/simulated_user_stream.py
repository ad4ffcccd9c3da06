"""Events of the matching core, as the user stream of the exchange port."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Self

from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import UserEvent


class SimulatedUserStream:
    """Events since it was opened. It ends when the exchange cuts it."""

    def __init__(self, streams: list[SimulatedUserStream]) -> None:
        self._streams = streams
        self._events: deque[UserEvent] = deque()
        self._arrived = asyncio.Event()
        self._over = False

    async def __aenter__(self) -> Self:
        self._streams.append(self)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._over = True
        if self in self._streams:
            self._streams.remove(self)

    async def __aiter__(self) -> AsyncIterator[UserEvent]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self._over:
                raise StreamLost("closed", "cut")
            self._arrived.clear()
            await self._arrived.wait()

    def put(self, event: UserEvent) -> None:
        self._events.append(event)
        self._arrived.set()

    def cut(self) -> None:
        self._over = True
        self._arrived.set()
