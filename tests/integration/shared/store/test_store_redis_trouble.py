"""The Redis store while its server dies, its line breaks, its memory is full and its password is wrong."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from shared.domain.backoff import Backoff
from shared.store.port import StoreError
from shared.store.redis import RedisPolicy, RedisStore
from tests.support.store.contract import eventually
from tests.support.store.redis_process import LossyLine, RedisProcess

pytestmark = pytest.mark.redis
QUICK = RedisPolicy(timeout=2.0, backoff=Backoff(first=0.01, longest=0.05))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.kill()


@pytest.fixture
async def line(redis_url: str) -> AsyncIterator[LossyLine]:
    parts = urlsplit(redis_url)
    relay = LossyLine(parts.hostname or "127.0.0.1", parts.port or 6379)
    await relay.start()
    yield relay
    await relay.close()


async def _unhealthy(store: RedisStore) -> bool:
    return not store.healthy()


async def test_appends_wait_for_a_killed_server_and_none_is_lost_or_doubled(server: RedisProcess) -> None:
    """EXEC-4: the server is killed and started three times under a writer; the log is the writer's, each entry once."""
    store = RedisStore(server.url, "own", QUICK)
    await store.start()
    epoch = (await store.open("lane")).epoch
    written = 0

    async def write() -> None:
        nonlocal written
        for number in range(600):
            await store.append("lane", epoch, [b"%d" % number], b"s%d" % number if number % 97 == 96 else None)
            written = number + 1

    writing = asyncio.ensure_future(write())
    for target in (50, 200, 350):
        await eventually(lambda: _at_least(lambda: written, target))  # noqa: B023  awaited within the same turn
        server.kill()
        await eventually(lambda: _unhealthy(store))
        server.start()
    await asyncio.wait_for(writing, 30)
    assert store.healthy()
    opened = await store.open("lane")
    assert opened.snapshot == b"s581"
    assert opened.log == tuple(b"%d" % number for number in range(581, 600))
    await store.close()


async def _at_least(count: object, target: int) -> bool:
    assert callable(count)
    return bool(count() >= target)


async def test_start_waits_until_the_server_is_there(tmp_path: Path) -> None:
    """A service may be started before its store."""
    process = RedisProcess(tmp_path)
    store = RedisStore(process.url, "own", QUICK)
    starting = asyncio.ensure_future(store.start())
    retries = _retries()
    await eventually(lambda: _at_least(lambda: _retries() - retries, 3))
    assert not starting.done()
    process.start()
    await asyncio.wait_for(starting, 10)
    assert store.healthy()
    await store.close()
    process.kill()


def _retries() -> float:
    return REGISTRY.get_sample_value("ict_store_retries_total", {"store": "redis"}) or 0.0


async def _with_lost_replies(store: RedisStore, line: LossyLine) -> tuple[bytes, ...]:
    await store.start()
    epoch = (await store.open("lane")).epoch
    await store.append("lane", epoch, [b"0"])  # the script is known from here on
    for number in range(1, 6):
        line.lose_replies = 1
        await store.append("lane", epoch, [b"%d" % number])
    assert line.lost == 5
    log = (await store.open("lane")).log
    await store.clear()
    await store.close()
    return log


def _behind(line: LossyLine, kind: type[RedisStore] = RedisStore) -> RedisStore:
    return kind(f"redis://127.0.0.1:{line.port}/", f"test-{uuid.uuid4().hex}", QUICK)


async def test_append_whose_reply_was_lost_is_applied_once(line: LossyLine) -> None:
    """Invariant 3: the server has applied it, the client cannot know and sends it again: it counts once."""
    assert await _with_lost_replies(_behind(line), line) == (b"0", b"1", b"2", b"3", b"4", b"5")


async def test_store_without_append_numbers_is_caught(line: LossyLine) -> None:
    """The specimen repeats as somebody else each time, so the server cannot tell a repeat: entries double."""

    class Nameless(RedisStore):
        @property
        def _writer(self) -> str:
            return secrets.token_hex(8)

        @_writer.setter
        def _writer(self, name: str) -> None:
            del name

        async def _script(self, what, script, keys, arguments):
            def again():
                renewed = [*arguments[:1], self._writer, *arguments[2:]] if what == "append" else arguments
                return self._scripts.run(script, keys, renewed)

            return await self._until_done(what, again)

    log = await _with_lost_replies(_behind(line, Nameless), line)
    assert len(log) > 6


async def test_open_whose_reply_was_lost_gives_a_valid_epoch(line: LossyLine) -> None:
    """A repeated open only raises the epoch once more."""
    store = _behind(line)
    await store.start()
    first = await store.open("lane")
    line.lose_replies = 1
    opened = await store.open("lane")
    assert opened.epoch > first.epoch
    await store.append("lane", opened.epoch, [b"1"])
    assert (await store.open("lane")).log == (b"1",)
    await store.clear()
    await store.close()


async def test_append_waits_while_the_server_is_out_of_memory(server: RedisProcess) -> None:
    """Full memory is an operator's to cure, not a reason to lose what was handled; nothing of the append is applied yet."""
    store = RedisStore(server.url, "own", QUICK)
    await store.start()
    admin: Redis = Redis.from_url(server.url)
    epoch = (await store.open("lane")).epoch
    await store.append("lane", epoch, [b"kept"], b"state")
    await admin.config_set("maxmemory", "1")
    appending = asyncio.ensure_future(store.append("lane", epoch, [b"after"], b"later"))
    await eventually(lambda: _unhealthy(store))
    assert await admin.lrange("own:lane:log:lane", 0, -1) == [b"kept"]
    assert await admin.get("own:lane:snapshot:lane") == b"state"
    await admin.config_set("maxmemory", "0")
    await asyncio.wait_for(appending, 10)
    opened = await store.open("lane")
    assert (opened.snapshot, opened.log) == (b"later", (b"after",))
    await admin.aclose()
    await store.close()


async def test_wrong_password_is_said_at_once(tmp_path: Path) -> None:
    """No waiting cures a wrong password."""
    process = RedisProcess(tmp_path, "--requirepass", "right")
    process.start()
    store = RedisStore(process.url.replace("redis://", "redis://:wrong@"), "own", QUICK)
    with pytest.raises(StoreError, match="user"):
        await asyncio.wait_for(store.start(), 10)
    await store.close()
    process.kill()


async def test_waiting_append_can_be_cancelled(server: RedisProcess) -> None:
    """The wait is bounded by nothing but cancellation, and the store is calm afterwards."""
    store = RedisStore(server.url, "own", QUICK)
    await store.start()
    epoch = (await store.open("lane")).epoch
    server.kill()
    appending = asyncio.ensure_future(store.append("lane", epoch, [b"1"]))
    await eventually(lambda: _unhealthy(store))
    appending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await appending
    assert store.healthy()
    await store.close()


async def test_a_server_that_forgot_its_scripts_is_told_again(server: RedisProcess) -> None:
    """EXEC-4: after SCRIPT FLUSH, or at a fresh replica; and a connection that the server has closed is opened anew."""
    store = RedisStore(server.url, "own", QUICK)
    await store.start()
    epoch = (await store.open("lane")).epoch
    await store.append("lane", epoch, [b"1"])
    other = Redis.from_url(server.url)
    await other.script_flush()
    await store.append("lane", epoch, [b"2"])
    await other.client_kill_filter(_type="normal", skipme=True)
    await store.append("lane", epoch, [b"3"])
    assert (await store.open("lane")).log == (b"1", b"2", b"3")
    await other.aclose()
    await store.close()


async def test_scripts_that_are_cancelled_confuse_no_later_one(server: RedisProcess) -> None:
    """EXEC-4: a reply that nobody waited for is not taken for that of the next."""
    store = RedisStore(server.url, "own", RedisPolicy(timeout=2.0, connections=2))
    await store.start()
    for number in range(40):
        cell = f"c{number}"
        given_up = [asyncio.create_task(store.swap(cell, 0, b"x")) for _ in range(3)]
        for _ in range(number % 8):
            await asyncio.sleep(0)
        for each in given_up:
            each.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        found = await store.read(cell)
        assert (found.version, found.value) in {(0, None), (1, b"x")}
    await store.close()
