"""Makes sure at the start that no other deployment trades the account, before anything is sent (EXEC-4).

The store's lease excludes those that share the store, also under another name of the account. The account itself shows
the others: ``services.execution.leading`` says what follows from that.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from services.execution.alerts import alert
from services.execution.drivers.exchange.account_signs import signs_of
from services.execution.drivers.exchange.halting import Halting
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.presence import Presence
from services.execution.leading import Sign, another, may_lead
from shared.bus.port import Bus
from shared.config.settings import CommonSettings
from shared.domain.client_ids import lineage
from shared.exchange.port import TradingExchange
from shared.runtime.leadership import Leadership, MayNotLead

#: A takeover takes less, ms.
_JUST_NOW_MS: Final = 10_000

log = structlog.get_logger(__name__)


def lease_of(common: CommonSettings, alias: str = "") -> str:
    """Name the lease of the configured account. alias: the exchange's own name of it, which no configuration can miss."""
    return f"{common.mode}.alias.{alias}" if alias else f"{common.mode}.{common.account.name}"


class Alone:
    """paged: orders that a person was alerted of already by this process. leadership: None = no other process can lead."""

    def __init__(
        self, bus: Bus, common: CommonSettings, paged: set[str], *, patience: float, leadership: Leadership | None
    ) -> None:
        self._bus = bus
        self._common = common
        self._paged = paged
        self._patience = patience
        self._leadership = leadership

    async def ensure(
        self, exchange: TradingExchange, loop: MoneyLoop, halting: Halting, presence: Presence, *, holds: bool
    ) -> None:
        """Halt entries if another deployment trades beside a trade of ours (``holds``).

        Raises MayNotLead; ExchangeError: ask again.
        """
        await self._lead_by_alias(exchange)
        now = loop.now()
        signs = await signs_of(exchange, self._common.symbols, now)
        sign = another(signs, lineage(self._common.mode, self._common.namespace), now)
        sign = sign or await self._asked(loop, presence)
        verdict = may_lead(sign, holds=holds)
        if sign is None or verdict == "lead":
            return
        if verdict == "protect":
            halting.halt(sign.text)
            return
        text = f"execution stands by: {sign.text}; end one of the two, or wait until the account shows nothing of the other"
        await self._page(f"stands_by.{sign.client_id}", text, now)
        raise MayNotLead(sign.text)

    async def _asked(self, loop: MoneyLoop, presence: Presence) -> Sign | None:
        """Ask who leads, unless a process of this store led a moment ago: nobody else could begin meanwhile."""
        if self._leadership is None:
            return None
        instrument = loop.core.instrument(self._common.symbols[0])
        if instrument is None:
            return None
        if loop.now() - loop.led_until < _JUST_NOW_MS:
            await presence.lead(instrument)
            return None
        return await presence.ask(instrument)

    async def _lead_by_alias(self, exchange: TradingExchange) -> None:
        if self._leadership is None:
            return
        alias = next((each.account for each in await exchange.balances() if each.account), "")
        other = await self._leadership.also(lease_of(self._common, alias)) if alias else ""
        if other:
            name = self._common.account.name
            raise MayNotLead(f"{other} leads this account of the exchange under another account.name than {name}")

    async def _page(self, key: str, text: str, now: int) -> None:
        log.warning("another_deployment", text=text)
        if key in self._paged:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._bus.publish([alert("critical", key, text, now)])
        except TimeoutError:
            return  # the broker is away: said again at the next look
        self._paged.add(key)
