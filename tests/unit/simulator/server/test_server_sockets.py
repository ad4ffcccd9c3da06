"""How long the market waits for clients that do not read: together, and once."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.server.fault_table import FaultTable
from simulator.server.sockets import Connection, Sockets
from simulator.server.subscription import Subscription
from tests.support.simulator.protocol_server import make_context, server_settings

#: Longest wait, and a time in which one wait for each connection does not fit.
PATIENCE, SOON, STALLED = 0.3, 10.0, 100


def connection() -> Connection:
    """A connection that is not served: what is pushed stays in its queue."""
    nothing: Any = None
    made = Connection(Subscription("market", combined=False, most_streams=1), nothing, nothing)
    made.idle.set()
    return made


async def test_all_stalled_connections_are_waited_for_together_and_only_once() -> None:
    """Boundedness: a hundred that read nothing cost one patience; after that, none until their queue is empty again."""
    sockets = Sockets(make_context(), FaultTable(0), server_settings(patience_s=PATIENCE))
    stalled = [connection() for _ in range(STALLED)]
    for each in stalled:
        sockets._open.add(each)  # a connection opens by a handshake only, and this test has no network
        each.push(b"{}")
    async with asyncio.timeout(SOON):
        await sockets.drained()
        for _ in range(STALLED):
            await sockets.drained()
    assert all(each.slow for each in stalled)


async def test_a_connection_that_reads_is_waited_for_until_its_queue_is_empty() -> None:
    """BT-1: an advance is answered when it has been sent everything."""
    sockets = Sockets(make_context(), FaultTable(0), server_settings(patience_s=SOON))
    reads = connection()
    sockets._open.add(reads)  # as above
    reads.push(b"{}")
    waiting = asyncio.create_task(sockets.drained())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    reads.waiting.clear()
    reads.idle.set()
    await waiting
    assert not reads.slow
