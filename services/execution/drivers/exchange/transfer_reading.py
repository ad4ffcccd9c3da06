"""Decides when the income history is read for transfers that no event may have told (RISK-3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Final

from services.execution.drivers.exchange.money_loop import MoneyLoop

#: Longest wait of a statement for transfers; what comes later is told with the next one.
_PATIENCE_S: Final = 0.3
#: Longest pause between two readings, ms. Each is 30 of the request weight, as much as three statements.
_EVERY_MS: Final = 900_000
#: Pause after one that failed, or that followed a wallet that moved unseen: a row may be listed late; ms.
_AGAIN_MS: Final = 30_000
#: Least pause between two, ms.
_APART_MS: Final = 5_000


class TransferReading:
    """read: reads and feeds transfers; False = that failed."""

    def __init__(self, loop: MoneyLoop, read: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        self._loop = loop
        self._read = read
        self._wallet: Decimal | None = None
        self._begun_at = 0
        self._due: int | None = None
        self._reading: asyncio.Task[bool] | None = None

    async def look(self, wallet: Decimal, *, unseen: bool) -> None:
        """Read when the wallet (USDT) has moved while news may have been missed (``unseen``), and now and then.

        Waits a moment for what is read, so that it is told with the wallet that shows it. A process that takes over compares
        with the wallet that the last one knew; where none is known, what was before is no news.
        """
        now, state = self._loop.now(), self._loop.core.state
        if self._due is None:
            self._wallet = wallet if state.wallet is None else state.wallet
            self._due = (state.transfers_until or now) + _EVERY_MS
        moved, self._wallet = unseen and wallet != self._wallet, wallet
        if self._reading is not None and self._reading.done():
            if not self._reading.result():
                self._due = min(self._due, now + _AGAIN_MS)
            self._reading = None
        if moved:
            self._due = min(self._due, self._begun_at + _APART_MS)
        if self._reading is None and now >= self._due:
            self._begun_at, self._due = now, now + (_AGAIN_MS if moved else _EVERY_MS)
            self._reading = asyncio.create_task(self._read(), name="transfers")
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=_PATIENCE_S)

    def cancel(self) -> None:
        """End a reading that is under way."""
        if self._reading is not None:
            self._reading.cancel()
