"""Reads the transfers of the income history: what the user stream tells while nobody listens is nowhere else (RISK-3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.inputs import Moved
from shared.domain.account import Transfer
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import Income
from shared.exchange.port import TradingExchange

log = structlog.get_logger(__name__)

_PAGE: Final = 1_000
_KIND: Final = "TRANSFER"
_ASSET: Final = "USDT"


async def read_rows(exchange: TradingExchange, kind: str, since: int) -> tuple[Income, ...]:
    """Read every row of one kind since a time (UTC ms), oldest first. Raises ExchangeError."""
    found: dict[str, Income] = {}
    while True:
        page = await exchange.income(kind=kind, start=since, limit=_PAGE)
        fresh = {row.id: row for row in page if row.id not in found}
        found |= fresh
        if len(page) < _PAGE or not fresh:
            return tuple(found.values())
        since = page[-1].time


class TransferRows:
    """overlap: how far back each reading goes, seconds: rows may be listed late. failed: called with an error of one."""

    def __init__(
        self, exchange: TradingExchange, loop: MoneyLoop, overlap: float, failed: Callable[[ExchangeError], None]
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._overlap_ms = int(overlap * 1000)
        self._failed = failed

    async def read(self) -> bool:
        """Read what was transferred since the last reading, also of the process before, and feed it; False if it failed."""
        asked_at = self._loop.now()
        since = min(self._loop.core.state.transfers_until or asked_at, asked_at) - self._overlap_ms
        try:
            rows = await read_rows(self._exchange, _KIND, since)
        except ExchangeError as error:
            self._failed(error)
            log.warning("transfers_not_read", error=str(error))
            return False
        moved = [row for row in rows if row.asset == _ASSET and row.amount]
        self._loop.feed(
            Moved(transfers=tuple(Transfer(id=row.id, time=row.time, amount=row.amount) for row in moved), asked_at=asked_at)
        )
        return True
