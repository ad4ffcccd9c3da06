"""Garbage in the queue of every lane and every sink of a running system: parked with its reason, counted, told; and the
system decides what it would have decided without it (OPS-1, OPS-6)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aio_pika
import msgspec
import pytest

from shared.bus.codec import MAX_BODY_BYTES, MESSAGE_TYPES
from shared.bus.dead_letters import DeadLetter
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.objects import queue_name
from shared.bus.topology import QueueSpec, Topology, build
from tests.support.bus.tap import Tap
from tests.support.processes.fleet import ICT, SERVICES, Fleet, ict, same_bytes, write_config
from tests.support.processes.watch import Watch, until
from tests.support.risk.drill import DRILL_RISK

FILES = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
STEPS = 240
#: A type that each queue reads, of which a real specimen is spoilt; ``micro`` has no publisher yet and gets one made here.
READS = {
    "ingest": "feed_step", "analysis": "candle_bundle", "signals": "analysis_bundle", "risk": "decision_bundle",
    "execution": "verdict_bundle", "journal": "candle_bundle", "notifier": "risk_report",
    "replay": "step_report", "micro": "micro",
}  # fmt: skip
MICRO = {"symbol": "BTCUSDT", "time": 1, "bid": 1.0, "ask": 1.5, "imbalance": 0.0, "trade_delta": 0.0}
#: What each fault's reason begins with.
REASONS = {
    "malformed": "malformed",
    "oversized": "oversized",
    "unknown type": "unknown type",
    "unknown version": "unknown version",
    "out of range": "invalid",
    "not a number": "invalid",
    "no properties": "no type or no schema version",
}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def spoilt(body: Any, spoil: Mapping[type, Any]) -> tuple[Any, bool]:
    """A copy of a decoded body in which the first value of one of the types is replaced; and whether there was one."""
    if isinstance(body, dict):
        items = list(body.items())
    elif isinstance(body, list):
        items = list(enumerate(body))
    else:
        return (spoil[type(body)], True) if type(body) in spoil else (body, False)
    for place, (key, value) in enumerate(items):
        changed, done = spoilt(value, spoil)
        if done:
            items[place] = (key, changed)
            return (dict(items) if isinstance(body, dict) else [value for _, value in items]), True
    return body, False


def bad_messages(kind: str, specimen: bytes) -> dict[str, aio_pika.Message]:
    """One message of each fault, as somebody with access to the broker could send it."""
    body = msgspec.msgpack.decode(specimen)
    below_zero, found = spoilt(body, {int: -1})
    assert found, f"{kind} has no number to put out of range"
    no_number, _ = spoilt(body, {float: float("nan")})

    current = next(each.VERSION for each in MESSAGE_TYPES if kind == each.TYPE)

    def message(fault: str, content: bytes, type_name: str = kind, version: int = current) -> aio_pika.Message:
        return aio_pika.Message(
            content, type=type_name, headers={"schema_version": version}, message_id=f"bad: {fault}", delivery_mode=2
        )

    messages = {
        "malformed": message("malformed", b"\xc1" + specimen),
        "oversized": message("oversized", b"\x00" * (MAX_BODY_BYTES + 1)),
        "unknown type": message("unknown type", specimen, "love_letter"),
        "unknown version": message("unknown version", specimen, version=99),
        "out of range": message("out of range", msgspec.msgpack.encode(below_zero)),
        "no properties": aio_pika.Message(specimen),
    }
    if kind in ("candle_bundle", "analysis_bundle", "micro"):
        messages["not a number"] = message("not a number", msgspec.msgpack.encode(no_number))
    return messages


async def inject(url: str, namespace: str, queues: Mapping[str, dict[str, aio_pika.Message]]) -> None:
    """Straight into each queue, past every exchange; each is confirmed."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        for queue, messages in queues.items():
            for message in messages.values():
                await channel.default_exchange.publish(message, routing_key=queue_name(namespace, queue))


async def parked(url: str, topology: Topology) -> dict[str, list[DeadLetter]]:
    """What stands in each dead-letter queue."""
    bus = RabbitBus(topology, url, name="coroner")
    await bus.start()
    try:
        return {queue.name: await bus.dead_letters(queue.name, 50) for queue in topology.queues}
    finally:
        await bus.close()


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A chat's webhook: its URL, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    thread.join()
    server.server_close()


def beginning(letter: DeadLetter) -> str:
    """The reason's beginning, as REASONS lists them; the whole reason when it is none of them."""
    return next((known for known in REASONS.values() if letter.reason.startswith(known)), letter.reason)


def alerts(journal: Path) -> set[tuple[str, str]]:
    """Source and severity of the alerts in the journal."""
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as connection:
        rows = connection.execute("select source, severity from alerts where key like 'dead-letter:%'").fetchall()
    connection.close()
    return {(source, severity) for source, severity in rows}


def specimens(tap: Tap, failing: Callable[[], str]) -> dict[str, bytes]:
    """A real body of each type in READS, as soon as each has been published."""
    bodies = {"micro": msgspec.msgpack.encode(MICRO)}

    def have_all() -> bool:
        bodies.update((copy.type, copy.body) for copy in tap.drain() if copy.type in READS.values())
        return set(bodies) == set(READS.values())

    until(have_all, 90, lambda: f"{set(READS.values()) - set(bodies)} not published\n{failing()}")
    return bodies


def counted(watches: Mapping[str, Watch]) -> dict[str, float]:
    """Queue → messages parked, as the services count them on /metrics."""
    counts: dict[str, float] = {}
    for watch in watches.values():
        counts |= watch.figures("ict_bus_dead_lettered_total", "queue")
    return counts


def market_and_money(topology: Topology) -> list[QueueSpec]:
    """All queues but those of commands, which discard what they cannot read (``test_runtime_commands``)."""
    return [queue for queue in topology.queues if not queue.name.endswith(".commands")]


def test_garbage_in_every_queue_is_parked_told_and_changes_nothing(
    tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    """OPS-1: malformed, oversized, unknown type or version, out of range, NaN, bare: in all seventeen queues at once."""
    url, told = webhook
    config = write_config(
        tmp_path / "config.yaml",
        {
            "namespace": namespace,
            "bus": {"url": rabbitmq_url},
            "store": {"url": redis_url},
            "journal": {"url": f"sqlite+aiosqlite:///{tmp_path}/journal.sqlite"},
            "notifier": {"webhook_url": url, "burst": 1000, "per_minute": 6000, "min_severity": "critical"},
            "signals": {"drill": True, "strategies": ["every_close"]},
            "risk": DRILL_RISK,
            "market": {"days": STEPS / 1440, "seed": 11},
            "log": {"level": "INFO", "format": "json"},
        },
    )
    calm = ict("demo", "--config", str(config), "--out", str(tmp_path / "calm"), "--json", timeout=100)
    assert calm.returncode == 0, calm.stderr
    topology = build(namespace=namespace)
    watches = {service: Watch() for service in SERVICES}
    with Fleet(config, tmp_path / "logs", ()) as fleet:
        for service, watch in watches.items():
            fleet.start(service, env=watch.env)
        for watch in watches.values():
            until(lambda watch=watch: watch.readyz() == 200, 90, fleet.tail)
        tap = Tap(
            rabbitmq_url, namespace, ("feed.#", "candle.#", "analysis.#", "decision.#", "order.#", "risk.#", "report.#")
        )
        command = [*ICT, "replay", "--config", str(config), "--out", str(tmp_path / "replay"), "--speed", "1200"]
        with (tmp_path / "logs" / "replay.log").open("wb") as log:
            replay = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            real = specimens(tap, fleet.tail)
            kinds = {queue.name: READS[queue.name.split(".")[0]] for queue in market_and_money(topology)}
            bad = {name: bad_messages(kind, real[kind]) for name, kind in kinds.items()}
            asyncio.run(inject(rabbitmq_url, namespace, bad))
            assert replay.poll() is None, "the replay was over before the garbage was in"
            assert replay.wait(120) == 0, fleet.tail()
        finally:
            replay.kill()
            replay.wait()
        expected = {queue: Counter(REASONS[fault] for fault in messages) for queue, messages in bad.items()}
        found: dict[str, Counter[str]] = {}

        def all_parked() -> bool:
            letters = asyncio.run(parked(rabbitmq_url, topology))
            found.update((queue, Counter(map(beginning, those))) for queue, those in letters.items() if queue in bad)
            return found == expected

        until(all_parked, 30, lambda: f"{ {queue: (found[queue], expected[queue]) for queue in bad} }\n{fleet.tail()}")
        in_services = {queue.name for queue in market_and_money(topology) if queue.consumer in SERVICES}
        figures = {queue: figure for queue, figure in counted(watches).items() if queue in bad}
        assert figures == {queue: float(len(bad[queue])) for queue in in_services}
        sources = {"flow" if queue == "micro" else queue for queue in bad}
        until(lambda: alerts(tmp_path / "journal.sqlite") == {(source, "critical") for source in sources}, 30, fleet.tail)
        until(lambda: all(any(f"queue {queue} " in one["text"] for one in told) for queue in bad), 30, fleet.tail)
        assert all(fleet.alive().values()), fleet.tail()
        assert {service: watch.readyz() for service, watch in watches.items()} == dict.fromkeys(SERVICES, 200)
    assert same_bytes(tmp_path / "calm", tmp_path / "replay", FILES) == []
    assert (tmp_path / "calm" / "fills.jsonl").stat().st_size > 0
