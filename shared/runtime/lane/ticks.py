"""Says when a lane's next clock tick is due, by a timer of the process's own."""

from __future__ import annotations

import asyncio

from shared.runtime.waiting import Wake


class TickTimer:
    """``due`` is set every ``every_ms`` and cleared by the lane: however long the lane was busy, one tick is due.

    ``wake`` is set with it.
    """

    def __init__(self, every_ms: int, wake: Wake) -> None:
        self.due = False
        self._seconds = every_ms / 1000
        self._wake = wake

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            self.due = True
            self._wake.set()
