"""`ict topology --apply` on a real broker: the table stands, and what another layout left is gone (OPS-1)."""

from __future__ import annotations

import json
from pathlib import Path

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.bus.rabbitmq.objects import queue_name
from shared.bus.topology import build
from tests.support.processes.fleet import ict, write_config

pytestmark = [pytest.mark.rabbitmq]


async def stands(url: str, namespace: str, queue: str) -> bool:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        try:
            await channel.declare_queue(queue_name(namespace, queue), passive=True)
        except ChannelNotFoundEntity:
            return False
        return True


async def publish(url: str, namespace: str, queue: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(b"left"), routing_key=queue_name(namespace, queue))


async def test_changing_the_layout_removes_the_queues_that_nobody_reads_any_more(
    tmp_path: Path, rabbitmq_url: str, namespace: str
) -> None:
    """A bound queue without a reader fills and blocks its publishers; an unread message is never thrown away."""
    configs = {
        layout: write_config(
            tmp_path / f"{layout}.yaml", {"layout": layout, "namespace": namespace, "bus": {"url": rabbitmq_url}}
        )
        for layout in ("split", "fused")
    }
    shown = ict("topology", "--apply", "--json", "--config", str(configs["split"]))
    assert shown.returncode == 0, shown.stderr
    assert {row["name"] for row in json.loads(shown.stdout)} == set(build("split").index)
    assert await stands(rabbitmq_url, namespace, "analysis.p0.1m")
    await publish(rabbitmq_url, namespace, "risk")

    changed = ict("topology", "--apply", "--json", "--config", str(configs["fused"]))
    assert changed.returncode == 0, changed.stderr
    assert await stands(rabbitmq_url, namespace, "engine")
    assert not await stands(rabbitmq_url, namespace, "analysis.p0.1m")
    assert not await stands(rabbitmq_url, namespace, "risk.commands"), "a quorum queue, which the broker deletes otherwise"
    assert await stands(rabbitmq_url, namespace, "engine.commands")
    assert await stands(rabbitmq_url, namespace, "risk"), "a queue with a message in it was deleted"
    assert "risk" in changed.stderr
