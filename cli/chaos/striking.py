"""Carries out the strikes of a plan, one at a time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from cli.chaos.ears import Ears
from cli.chaos.exchange import ExchangeFailed, SimulatedExchange
from cli.chaos.faults import fields_of
from cli.chaos.plan import Strike, Struck
from cli.chaos.processes import Processes
from cli.chaos.servers import Servers

#: Processes of which one protects at any time: the next strike waits until such a one is back.
_PROTECTING: Final = ("execution.a", "execution.b", "guardian")
_BACK_S: Final = 40.0


class Striking:
    """Strikes one deployment. struck: what was carried out; hit: how often each fault applied."""

    def __init__(
        self, processes: Processes, servers: Servers, orders: SimulatedExchange, ears: Ears, say: Callable[[str], None]
    ) -> None:
        self._processes, self._servers, self._orders, self._ears, self._say = processes, servers, orders, ears, say
        self.struck: list[Struck] = []
        self.hit: Counter[str] = Counter()

    async def strike(self, strike: Strike) -> None:
        """Strike, and return when what protects is there again. Raises ExchangeFailed."""
        begin = _now()
        await self._strike(strike)
        self.struck.append(Struck(strike, begin, _now()))

    async def _strike(self, strike: Strike) -> None:
        if strike.kind == "kill":
            await self._processes.kill(strike.whom[0])
        elif strike.kind == "stop":
            await self._processes.freeze(strike.whom[0])
            await asyncio.sleep(strike.ms / 1000)
            await self._processes.thaw(strike.whom[0])
        elif strike.kind == "faults":
            await self._faults(strike)
        elif strike.kind == "server":
            await self._servers.strike(strike)
        else:
            if await self._ears.halt():
                await asyncio.sleep(strike.ms / 1000)
            self._ears.want_rearming()
        for name in strike.whom:
            if name in _PROTECTING:
                await self._processes.there(name, _BACK_S)

    async def _faults(self, strike: Strike) -> None:
        numbers = {}
        for name in strike.faults:
            try:
                numbers[(await self._orders.ask("faults", "POST", fields_of(name)))["id"]] = name
            except ExchangeFailed as error:  # a person's close, say, where nothing is held: the strike does without it
                self._say(f"the exchange refused {name}: {error}")
        await asyncio.sleep(strike.ms / 1000)
        await self._orders.ask("faults", "DELETE")
        for each in (await self._orders.ask("faults"))["over"]:
            if each["id"] in numbers and each["hits"]:
                self.hit[numbers[each["id"]]] += 1


def _now() -> int:
    return time.time_ns() // 1_000_000
