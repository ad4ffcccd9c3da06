"""What the drill hears: a halt that could not be written into the ledger ends the drill, because the judge would miss it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from cli.chaos.ears import Ears
from cli.chaos.exchange import ExchangeFailed, SimulatedExchange
from shared.approval.signing import COMMAND, Realm, Signer, new_pair
from shared.bus.memory.bus import MemoryBus
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import Topology
from shared.domain.control import Alert
from tests.support.bus.contract import queue


class Gone:
    """An exchange that does not answer any more."""

    async def note(self, what: str, who: str = "") -> None:
        raise ExchangeFailed(f"POST /sim/ledger: {what} {who}")


async def test_a_halt_that_the_ledger_could_not_take_ends_the_drill() -> None:
    """OPS-9: without it, entries in a halt would pass for entries."""
    bus = MemoryBus(Topology((queue("notifier", "alert.#"),)))
    await bus.start()
    ears = Ears(
        cast(RabbitBus, bus),
        Signer(new_pair().private, Realm("testnet", "n", "a"), COMMAND),
        cast(SimulatedExchange, Gone()),
        [],
    )
    await ears.start()
    alert = Alert(key="halt.1", severity="critical", source="execution", text="entries are halted", time=7)
    await bus.publish([alert])
    async with asyncio.timeout(10):
        with pytest.raises(ExchangeFailed, match="halted"):
            await ears.answer_halts()
    await ears.close()
    await bus.close()
