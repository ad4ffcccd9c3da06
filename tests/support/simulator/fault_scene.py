"""A market that stands until it is moved, a bare client of it, and the hand that sets faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from simulator.server.serving import Server
from tests.support.simulator.bare_client import BareClient, bare_client
from tests.support.simulator.protocol_server import STEP, Hand, a_hand, a_server


@dataclass(frozen=True)
class FaultScene:
    """``client`` sees the exchange, ``hand`` stands behind it."""

    server: Server
    client: BareClient
    hand: Hand

    async def faults(self, which: str) -> list[dict[str, Any]]:
        """The faults that are ``set`` or ``over``."""
        return list((await self.hand.ask("GET", "faults"))[which])

    async def hits(self, kind: str) -> int:
        """How often faults of a kind were applied."""
        return sum(each["hits"] for which in ("set", "over") for each in await self.faults(which) if each["kind"] == kind)


@asynccontextmanager
async def fault_scene(*, speed: float | None = STEP, **settings: Any) -> AsyncIterator[FaultScene]:
    """Lock-step unless ``speed`` says otherwise. When a test has ended, nothing is left of its faults but their hits."""
    async with a_server(speed=speed, **settings) as server, a_hand(server) as hand, bare_client(server) as client:
        yield FaultScene(server, client, hand)
        await hand.lift()
        assert (await hand.ask("GET", "faults"))["set"] == []
        assert (await client.ask("GET", "/fapi/v1/ping", signed=False)).status == 200
