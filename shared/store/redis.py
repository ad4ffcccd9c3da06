"""A state store in Redis (or Valkey), for several processes and machines. An append is one script, so one round trip.

The script checks the epoch on the server, so that a superseded process is always refused. It also checks the append's
number: when a connection breaks, it is unknown whether the server applied the append, so it is sent again, and the server
drops it if it was applied. Numbers rise within one writer (one ``RedisStore``), so a copy that the network delivers late is
dropped too.

How much a crash of the *server* may lose depends on the server's settings: ``appendonly yes`` loses nothing when the process
dies and up to a second when the machine does; ``appendfsync always`` loses nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.domain.backoff import Backoff
from shared.store.metrics import StoreMetrics
from shared.store.patience import Patience
from shared.store.port import Cell, Claim, Fenced, LaneState, StoreError
from shared.store.redis_scripts import Script, Scripts

T = TypeVar("T")

# KEYS: epochs, head, snapshot, log. ARGV: the least epoch. The counter of epochs is the namespace's and survives
# ``clear``: no epoch comes twice.
_OPEN: Final = Script("""
local epoch = redis.call('INCR', KEYS[1])
if epoch < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
  epoch = ARGV[1]
end
redis.call('HSET', KEYS[2], 'epoch', epoch, 'writer', '', 'number', 0)
return {epoch, redis.call('GET', KEYS[3]), redis.call('LRANGE', KEYS[4], 0, -1)}
""")
# KEYS: head, snapshot, log. ARGV: epoch, writer, number, '1' if a snapshot follows, the snapshot, entries.
# Lua's stack takes about 8000 values at once, so entries go in slices of 1000.
_APPEND: Final = Script("""
local head = redis.call('HMGET', KEYS[1], 'epoch', 'writer', 'number')
if head[1] ~= ARGV[1] then return 0 end
if head[2] == ARGV[2] and tonumber(head[3]) >= tonumber(ARGV[3]) then return 1 end
if ARGV[4] == '1' then
  redis.call('SET', KEYS[2], ARGV[5])
  redis.call('DEL', KEYS[3])
end
for first = 6, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[3], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
redis.call('HSET', KEYS[1], 'writer', ARGV[2], 'number', ARGV[3])
return 1
""")
# KEYS: group. ARGV: member, time to live in ms. The server's clock counts: clients need not agree on the time.
_BEAT: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
return 1
""")
_MEMBERS: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
""")
# KEYS: lease. ARGV: holder, time to live in ms, the least epoch, how long it is remembered in ms. Numbers are written out:
# Lua would shorten large ones.
_CLAIM: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'until')
local epoch = tonumber(held[2] or '0')
if held[1] ~= ARGV[1] then
  if tonumber(held[3] or '0') > now then return {held[1], held[2]} end
  epoch = math.max(epoch + 1, tonumber(ARGV[3]))
end
local written = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', written, 'until', string.format('%.0f', now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {ARGV[1], written}
""")
_RELEASE: Final = Script("""
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HSET', KEYS[1], 'holder', '', 'until', 0) end
return 1
""")
# KEYS: cell.
_READ: Final = Script("return redis.call('HMGET', KEYS[1], 'version', 'value')")
# KEYS: cell. ARGV: the version it was read at, the new value.
_SWAP: Final = Script("""
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1, 'value', ARGV[2])
return 1
""")

#: Errors that waiting does not cure, although redis-py derives them from ConnectionError.
_FINAL: Final = (
    redis_errors.AuthenticationError,
    redis_errors.AuthorizationError,
    redis_errors.ExternalAuthProviderError,
)
#: The connection is lost or late; the server is loading, full, or a replica that is about to be promoted.
_PASSING: Final = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.TryAgainError,
    redis_errors.ClusterDownError,
    OSError,
)
#: Replies without an error class in redis-py: the server cannot write to its disk, or runs a long script.
_PASSING_REPLIES: Final = ("MISCONF", "BUSY", "NOREPLICAS", "MASTERDOWN")
#: No namespace begins so: leases are of no namespace.
_LEASES: Final = "@lease:"
#: A lease that nobody claimed for so long is forgotten, ms; the next epoch is a time, so it is a later one all the same.
_REMEMBERED_MS: Final = 30 * 86_400_000
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def _passes(error: Exception) -> bool:
    if isinstance(error, _FINAL):
        return False
    if isinstance(error, _PASSING):
        return True
    return isinstance(error, redis_errors.ResponseError) and str(error).startswith(_PASSING_REPLIES)


@dataclass(frozen=True, slots=True)
class RedisPolicy:
    """Time limits and sizes of a RedisStore.

    timeout: seconds to wait for a reply before the connection is dropped. connections: most connections at once. scan_count:
    keys per step of ``clear``.
    """

    timeout: float = 5.0
    connections: int = 16
    backoff: Backoff = field(default_factory=Backoff)
    scan_count: int = 1000


class RedisStore:
    """Implements ``StateStore`` under ``namespace`` of the server at ``url``.

    Raises ValueError for a namespace unfit for keys.
    """

    def __init__(self, url: str, namespace: str, policy: RedisPolicy | None = None) -> None:
        if not _NAMESPACE.fullmatch(namespace):
            raise ValueError(f"namespace {namespace!r}: 1 to 100 letters, digits, '.', '_' and '-' are allowed")
        policy = policy or RedisPolicy()
        self._policy = policy
        self._prefix = f"{namespace}:"
        self._metrics = StoreMetrics("redis")
        self._patience = Patience(self._metrics, _passes, policy.backoff)
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=policy.connections,
            timeout=None,  # wait for a free connection without a limit, as every operation waits for the server
            socket_timeout=policy.timeout,
            socket_connect_timeout=policy.timeout,
            retry=Retry(NoBackoff(), 0),  # Patience repeats: redis-py does not know which commands may be repeated
        )
        self._redis = Redis(connection_pool=self._pool)
        self._scripts = Scripts(self._pool, policy.connections, policy.timeout)
        self._writer = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._started = False

    async def start(self) -> None:
        await self._until_done("start", self._redis.ping)
        self._started = True

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        keys = [f"{self._prefix}epochs", *self._keys(lane)]
        epoch, snapshot, log = await self._script("open", _OPEN, keys, [at_least])
        return LaneState(int(epoch), snapshot, tuple(log))

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        with self._metrics.append.time():
            async with self._order[lane]:
                arguments = [epoch, self._writer, next(self._numbers), int(snapshot is not None), snapshot or b"", *entries]
                taken = await self._script("append", _APPEND, self._keys(lane), arguments)
        if not taken:
            self._metrics.fenced.inc()
            raise Fenced(f"lane {lane}: epoch {epoch} is over; stop handling it and open it again")

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        await self._script("beat", _BEAT, [self._group(group)], [member, round(ttl_seconds * 1000)])

    async def leave(self, group: str, member: str) -> None:
        await self._until_done("leave", lambda: self._redis.zrem(self._group(group), member))

    async def members(self, group: str) -> tuple[str, ...]:
        found: list[bytes] = await self._script("members", _MEMBERS, [self._group(group)], [])
        return tuple(sorted(member.decode() for member in found))

    async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
        arguments = [holder, round(ttl_seconds * 1000), at_least, _REMEMBERED_MS]
        found, epoch = await self._script("claim", _CLAIM, [f"{_LEASES}{lease}"], arguments)
        return Claim(found.decode(), int(epoch))

    async def release(self, lease: str, holder: str) -> None:
        await self._script("release", _RELEASE, [f"{_LEASES}{lease}"], [holder])

    async def read(self, cell: str) -> Cell:
        version, value = await self._script("read", _READ, [self._cell(cell)], [])
        return Cell(int(version or 0), value)

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        return bool(await self._script("swap", _SWAP, [self._cell(cell)], [version, value]))

    async def clear(self) -> None:
        async def sweep() -> None:
            spared = f"{self._prefix}epochs".encode()
            async for key in self._redis.scan_iter(match=f"{self._prefix}*", count=self._policy.scan_count):
                if key != spared:
                    await self._redis.unlink(key)

        await self._until_done("clear", sweep)

    def healthy(self) -> bool:
        return self._started and self._patience.calm

    async def close(self) -> None:
        self._started = False
        await self._scripts.close()
        await self._redis.aclose()
        await self._pool.disconnect()

    def _keys(self, lane: str) -> list[str]:
        return [f"{self._prefix}lane:{part}:{lane}" for part in ("head", "snapshot", "log")]

    def _cell(self, cell: str) -> str:
        return f"{self._prefix}cell:{cell}"

    def _group(self, group: str) -> str:
        return f"{self._prefix}group:{group}"

    async def _script(self, what: str, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return await self._until_done(what, lambda: self._scripts.run(script, keys, arguments))

    async def _until_done(self, what: str, operation: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._patience.until_done(what, operation)
        except redis_errors.RedisError as error:
            raise StoreError(f"{what}: Redis refused it: {error}; check the store's url, user and permissions") from error
