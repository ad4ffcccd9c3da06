"""`ict dead-letters` on a real broker: what is shown stays, what is put back is handled, nothing is lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import aio_pika
import pytest
from aio_pika.message import IncomingMessage

from shared.bus.dead_letters import PARKED_BYTES, DeadLetter
from shared.bus.rabbitmq import parked
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.objects import dead_name, queue_name
from shared.bus.topology import build
from shared.domain.control import Control, Micro
from shared.runtime.process.exits import Exit
from tests.support.bus.contract import Collector
from tests.support.processes.fleet import ict, write_config

pytestmark = [pytest.mark.rabbitmq]

MICROS = [Micro(symbol="BTCUSDT", time=time, bid=1.0, ask=1.5, imbalance=0.0, trade_delta=0.0) for time in (1, 2, 3)]
IDS = [micro.message_id for micro in MICROS]


@pytest.fixture
async def bus(rabbitmq_url: str, namespace: str) -> AsyncIterator[RabbitBus]:
    """A deployment with three dead letters in queue ``micro``."""
    made = RabbitBus(build(namespace=namespace), rabbitmq_url, name="dead letters")
    await made.start()
    await made.publish(MICROS)
    got = Collector()
    consumer = await made.subscribe("micro", got)
    await got.until_count(3)
    for delivery in got.deliveries:
        await delivery.dead_letter(f"handler failed\x1b[2J on {delivery.message_id}")
    await consumer.cancel()
    yield made
    await made.destroy()


@pytest.fixture
async def connection(rabbitmq_url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    async with await aio_pika.connect(rabbitmq_url) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, rabbitmq_url: str, namespace: str) -> str:
    return str(write_config(tmp_path / "bus.yaml", {"namespace": namespace, "bus": {"url": rabbitmq_url}}))


async def run(*arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(ict, "dead-letters", *arguments)
    return done.returncode, done.stdout, done.stderr


async def ids_of(bus: RabbitBus) -> list[str]:
    return [letter.message_id for letter in await bus.dead_letters("micro", 10)]


def wanted_all(_: DeadLetter) -> bool:
    return True


async def test_show_counts_by_queue_and_reason(bus: RabbitBus, config: str) -> None:
    code, out, err = await run("show", "--json", "--config", config)
    assert (code, err) == (Exit.OK, "")
    (row,) = json.loads(out)
    assert (row["queue"], row["messages"], sum(row["reasons"].values())) == ("micro", 3, 3)
    assert all(reason.startswith("handler failed\\x1b[2J on") for reason in row["reasons"]), "no escape codes for terminals"


async def test_show_of_a_queue_decodes_bodies_and_takes_nothing_out(bus: RabbitBus, config: str) -> None:
    code, out, _ = await run("show", "micro", "--json", "--config", config)
    letters = json.loads(out)
    assert code == Exit.OK
    assert [letter["id"] for letter in letters] == IDS
    assert letters[0]["topic"] == "micro.BTCUSDT"
    assert (letters[0]["body"]["symbol"], letters[0]["body"]["ask"]) == ("BTCUSDT", 1.5)

    code, out, _ = await run("show", "micro", "--limit", "2", "--config", config)
    assert code == Exit.OK
    assert "\x1b" not in out
    assert "2 shown" in out
    assert await ids_of(bus) == IDS


async def test_body_that_is_no_msgpack_is_shown_as_unreadable(
    bus: RabbitBus, connection: aio_pika.abc.AbstractConnection, namespace: str, config: str
) -> None:
    async with connection.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(b"\xc1 rubbish"), dead_name(namespace, "risk"))
    code, out, err = await run("show", "risk", "--json", "--config", config)
    assert (code, err) == (Exit.OK, "")
    (letter,) = json.loads(out)
    assert letter["unreadable"].startswith("not msgpack")
    assert letter["bytes"] == b"\xc1 rubbish".hex()


async def test_requeue_of_one_id_delivers_it_as_it_was_and_leaves_the_others(bus: RabbitBus, config: str) -> None:
    code, out, err = await run("requeue", "micro", "--id", IDS[1], "--config", config)
    assert (code, err) == (Exit.OK, "")
    assert "1 put back" in out
    got = Collector()
    await bus.subscribe("micro", got)
    await got.until_count(1)
    (delivery,) = got.deliveries
    assert delivery.decode() == MICROS[1]
    assert (delivery.message_id, delivery.topic) == (IDS[1], "micro.BTCUSDT")
    await delivery.dead_letter("again")
    assert await ids_of(bus) == [IDS[0], IDS[2], IDS[1]]
    assert (await bus.dead_letters("micro", 10))[2].topic == "micro.BTCUSDT", "its topic is kept when it fails again"


async def test_requeue_of_all_keeps_their_order(bus: RabbitBus, config: str) -> None:
    code, out, _ = await run("requeue", "micro", "--all", "--config", config)
    assert code == Exit.OK
    assert "3 put back" in out
    got = Collector()
    await bus.subscribe("micro", got)
    await got.until_count(3)
    assert [delivery.message_id for delivery in got.deliveries] == IDS
    assert await ids_of(bus) == []


async def test_requeue_of_an_unknown_id_says_so_and_moves_nothing(bus: RabbitBus, config: str) -> None:
    code, out, err = await run("requeue", "micro", "--id", "nobody", "--config", config)
    assert code == Exit.NEGATIVE
    assert "not there: nobody" in err
    assert "0 put back" in out
    assert await ids_of(bus) == IDS


async def test_a_letter_of_which_only_the_beginning_was_kept_says_so_and_is_not_put_back(
    bus: RabbitBus, connection: aio_pika.abc.AbstractConnection, namespace: str, config: str
) -> None:
    """It holds up none of the others, and can be deleted."""
    body = b"\x00" * (PARKED_BYTES + 1)
    async with connection.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(body, message_id="long"), queue_name(namespace, "risk"))
    got = Collector()
    consumer = await bus.subscribe("risk", got)
    await got.until_count(1)
    await got.deliveries[0].dead_letter("malformed")
    await consumer.cancel()
    await bus.publish([Control(id="1", command="reset", by="me", reason="")])
    await bus.subscribe("risk", got)
    await got.until_count(2)
    await got.deliveries[1].dead_letter("handler failed")
    said = f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"

    _, out, _ = await run("show", "risk", "--json", "--config", config)
    cut, whole = json.loads(out)
    assert (cut["cut_from"], len(cut["bytes"]), "cut_from" in whole) == (said, 400, False)
    code, out, err = await run("requeue", "risk", "--all", "--config", config)
    assert code == Exit.NEGATIVE
    assert "1 put back" in out
    assert f"long ({said})" in " ".join(err.split())
    await got.until_count(3)
    assert got.deliveries[2].message_id == "control:1"
    code, out, _ = await run("drop", "risk", "--id", "long", "--yes", "--config", config)
    assert (code, "1 deleted" in out) == (Exit.OK, True)
    assert await bus.dead_letters("risk", 9) == []


async def test_requeue_that_ends_before_the_ack_leaves_the_message_in_both_places_with_one_id(
    bus: RabbitBus, rabbitmq_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the copy is confirmed before the original goes, and both have the id that readers tell twins by."""

    class Dies(Exception):
        pass

    async def dies(_: IncomingMessage, multiple: bool = False) -> None:
        raise Dies

    async with await aio_pika.connect(rabbitmq_url) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(IncomingMessage, "ack", dies)
            with pytest.raises(Dies):
                await parked.put_back(connection, namespace, "micro", wanted_all)
    assert await ids_of(bus) == IDS
    got = Collector()
    await bus.subscribe("micro", got)
    await got.until_count(1)
    assert [delivery.message_id for delivery in got.deliveries] == IDS[:1]


async def test_requeue_into_a_queue_that_is_gone_loses_nothing(
    bus: RabbitBus, connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    async with connection.channel() as channel:
        await channel.queue_delete(queue_name(namespace, "micro"))
    with pytest.raises(parked.NotTaken, match="no queue") as caught:
        await parked.put_back(connection, namespace, "micro", wanted_all)
    assert caught.value.done == 0
    assert await ids_of(bus) == IDS


async def test_drop_deletes_the_named_ones_alone(bus: RabbitBus, config: str) -> None:
    code, out, _ = await run("drop", "micro", "--id", IDS[0], "--id", IDS[2], "--yes", "--config", config)
    assert code == Exit.OK
    assert "2 deleted" in out
    assert await ids_of(bus) == IDS[1:2]


async def test_drop_without_a_typed_confirmation_deletes_nothing(bus: RabbitBus, config: str) -> None:
    code, _, err = await run("drop", "micro", "--all", "--config", config)
    assert code == Exit.NEGATIVE
    assert "Type micro" in err
    assert await ids_of(bus) == IDS


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nope"),
        ("requeue", "micro"),
        ("drop", "micro", "--all", "--id", "x", "--yes"),
        ("requeue", "nope", "--all"),
    ],
)
async def test_unknown_queue_or_no_choice_is_a_usage_error(config: str, arguments: tuple[str, ...]) -> None:
    code, _, err = await run(*arguments, "--config", config)
    assert code == Exit.USAGE
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [("show",), ("requeue", "micro", "--all"), ("drop", "micro", "--all", "--yes")])
async def test_dead_broker_ends_the_command_with_exit_4(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    dead = write_config(tmp_path / "dead.yaml", {"bus": {"url": "amqp://guest:guest@127.0.0.1:1/"}})
    code, _, err = await run(*arguments, "--config", str(dead))
    assert code == Exit.UNREACHABLE
    assert "RabbitMQ at amqp://guest:***@127.0.0.1:1/" in err
