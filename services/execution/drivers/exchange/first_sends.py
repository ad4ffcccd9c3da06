"""What a process holds back when it has just begun to lead: everything until it has reconciled, then all entries but one.

The first entry leaves alone. Another deployment that began at the same moment with another store, on an account that
showed nothing of either, hears of it, and this one hears of the other's, before a second one leaves; then both halt.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.runtime.waiting import wait_at_most

#: Longest wait of what protects, seconds: shorter than ``execution.overtake_ms``. An account that cannot be read must not
#: leave a position bare.
_PATIENCE_S: Final = 0.8
#: Seconds after the first entry in which an order of another deployment would be heard of.
_LISTEN_S: Final = 1.0


class FirstSends:
    """alone: nobody else can lead the account, or none was heard of after an entry: entries do not wait for each other."""

    def __init__(self, *, alone: bool, patience: float = _PATIENCE_S, listen: float = _LISTEN_S) -> None:
        self.alone = alone
        self._patience = patience
        self._listen = listen
        self._reconciled = asyncio.Event()
        self._turn = asyncio.Lock()

    def reconciled(self) -> None:
        """Statement, open orders, executions and orders in doubt were asked for, and what was answered is known."""
        self._reconciled.set()

    async def protective(self) -> None:
        """Wait until this process has reconciled, for a moment at most."""
        if not await wait_at_most(self._reconciled, self._patience):
            self._reconciled.set()

    @asynccontextmanager
    async def entry(self) -> AsyncIterator[list[bool]]:
        """Wait for the turn of an entry; note in the list that it left."""
        left: list[bool] = []
        if self.alone:
            yield left
            return
        async with self._turn:
            yield left
            if left and not self.alone:
                await asyncio.sleep(self._listen)
                self.alone = True
