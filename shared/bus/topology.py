"""Defines every AMQP exchange and queue, with bound and overflow policy (``ict topology`` prints the table).

Both buses are built from it; docker-compose and docs/topology.md are tested against it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal

from shared.domain.control import Command
from shared.domain.modes import Mode
from shared.domain.timeframes import TIMEFRAMES, Timeframe

Layout = Literal["split", "fused", "embedded"]


#: Bytes. Every bound has room for some messages of the largest size (4 MiB).
MIB: Final = 1024 * 1024


class Overflow(StrEnum):
    """What happens to a message when its queue is full."""

    BLOCK = "block"  # the publisher waits: nothing may be lost
    DROP_OLDEST = "drop-oldest"  # only the newest counts
    DROP_NEWEST = "drop-newest"  # older messages stay, the new one is dropped and counted


class QueueKind(StrEnum):
    """The kind of a queue at RabbitMQ."""

    CLASSIC = "classic"  # durable, one node
    QUORUM = "quorum"  # durable, replicated: for orders and fills


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue: its topics, its largest length, and what happens beyond that."""

    name: str
    consumer: str  # the service that reads it
    bindings: tuple[str, ...]  # topic patterns: * one word, # any number of words
    kind: QueueKind
    overflow: Overflow
    max_length: int  # most ready messages; unsettled deliveries (at most prefetch) are not counted
    prefetch: int
    single_active: bool = True
    ttl_ms: int | None = None
    delivery_limit: int | None = None  # deliveries beyond the first before the broker dead-letters it (quorum only)
    max_bytes: int = 64 * MIB  # most bytes of ready messages at the broker; in one process messages have none


@dataclass(frozen=True, slots=True)
class Topology:
    """All queues of one deployment. ``namespace`` prefixes every broker object, so that deployments share a broker."""

    queues: tuple[QueueSpec, ...]
    namespace: str = "ict"
    index: Mapping[str, QueueSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {queue.name: queue for queue in self.queues}
        if len(index) != len(self.queues):
            raise ValueError("two queues of the topology have the same name")
        object.__setattr__(self, "index", index)

    def queue(self, name: str) -> QueueSpec:
        """Return the queue of this name. Raises KeyError."""
        return self.index[name]

    def of(self, consumer: str) -> tuple[QueueSpec, ...]:
        """Return the queues that this service reads, in table order."""
        return tuple(queue for queue in self.queues if queue.consumer == consumer)


#: Topic class (first word of a topic) → AMQP exchange. One exchange per kind of writer, so that one expression grants its
#: write permission.
EXCHANGES: Final[dict[str, str]] = {
    "feed": "md",
    "market": "md",
    "candle": "md",
    "micro": "flow",
    "mark": "flow",
    "funding": "flow",
    "analysis": "ta",
    "decision": "sig",
    "judgement": "sig",
    "order": "ord",
    "exchange": "ord",
    "account": "ord",
    "risk": "ord",
    "report": "ord",
    "control": "sys",
    "alert": "sys",
}
DEAD_LETTER_EXCHANGE: Final = "dlx"
#: Most bytes of each dead-letter queue; the oldest letters go first.
DEAD_LETTER_BYTES: Final = 64 * MIB

#: Topics that may have no reader. For every other topic, having no queue is an error.
OPTIONAL_TOPICS: Final = frozenset({"micro", "mark", "funding", "judgement", "alert", "report"})

#: Topics of which only the newest message counts: they are not written to disk.
TRANSIENT_TOPICS: Final = frozenset({"micro", "mark", "judgement"})

#: Topics whose messages need no order. Those of one publish call are sent together: fifty refused orders are fifty alerts,
#: which would cost execution fifty round trips if each waited for the confirm of the one before.
UNORDERED_TOPICS: Final = frozenset({"alert"})


def exchange_of(topic: str) -> str:
    """Return the AMQP exchange that a topic is published to. Raises ValueError for an unknown topic class."""
    topic_class = topic.partition(".")[0]
    try:
        return EXCHANGES[topic_class]
    except KeyError:
        raise ValueError(f"topic {topic!r} belongs to no exchange; known classes: {', '.join(EXCHANGES)}") from None


def partition_of(symbol: str, partitions: int, pinned: Mapping[str, int]) -> int:
    """Return the partition of a symbol: the pinned one, else a stable hash. The same in every process."""
    if symbol in pinned:
        return pinned[symbol]
    return zlib.crc32(symbol.encode()) % partitions


def _market(name: str, consumer: str, *bindings: str) -> QueueSpec:
    return QueueSpec(name, consumer, bindings, QueueKind.CLASSIC, Overflow.BLOCK, 5_000, prefetch=32, max_bytes=256 * MIB)


def _money(name: str, consumer: str, *bindings: str) -> QueueSpec:
    return QueueSpec(
        name, consumer, bindings, QueueKind.QUORUM, Overflow.BLOCK, max_length=20_000, prefetch=32, delivery_limit=20
    )


def _commands(name: str, *commands: Command, orders: tuple[str, ...] = (), consumer: str = "") -> QueueSpec:
    """Return a lane's queue of commands: its own, so that they pass while its other queue is full.

    orders: topics of what else must pass. consumer: the service that has the lane; empty = it is called like the lane.
    """
    bindings = (*(f"control.{command}" for command in commands), *orders)
    row = _money(f"{name}.commands", consumer or name, *bindings)
    return replace(row, max_length=5_000, prefetch=200, max_bytes=16 * MIB)


#: What risk obeys; ending and closing is execution's affair.
_STOPPING: Final[tuple[Command, ...]] = ("halt", "flatten", "rearm")
#: What every lane of signals obeys: a symbol's strategies judge in its partition, and a strategy judges in all of them.
_STRATEGIES: Final[tuple[Command, ...]] = ("pause", "resume")


def _marks(name: str, mode: Mode) -> tuple[QueueSpec, ...]:
    """Return the queue of mark prices of who judges the account; none in mode sim, where nothing is between two closes."""
    if mode == "sim":
        return ()
    row = QueueSpec(
        f"{name}.marks", name, ("mark.*",), QueueKind.CLASSIC, Overflow.DROP_OLDEST, max_length=1_000, prefetch=50
    )
    return (replace(row, ttl_ms=10_000, max_bytes=16 * MIB),)


def _execution(mode: Mode) -> QueueSpec:
    """Return the queue of execution. In sim and paper its exchange is in the same process, and moves by market steps."""
    steps = ("market.step",) if mode in ("sim", "paper") else ()
    return _money("execution", "execution", "order.intent", *steps, "exchange.instruments", "control.reset")


def _steps(mode: Mode) -> tuple[QueueSpec, ...]:
    """Return the queue of what moves the simulated exchange on; none in modes testnet and live."""
    if mode == "sim":
        bindings = ("decision.#", "account.#", "risk.#", "report.#")
        row = QueueSpec("replay", "market", bindings, QueueKind.CLASSIC, Overflow.BLOCK, 20_000, prefetch=200)
        return (replace(row, max_bytes=256 * MIB),)
    if mode == "paper":
        return (_market("paper", "execution", "candle.*.1m", "funding.*", "control.reset"),)
    return ()


def build(
    layout: Layout = "split",
    partitions: int = 1,
    timeframes: Sequence[Timeframe] = TIMEFRAMES,
    namespace: str = "ict",
    mode: Mode = "sim",
) -> Topology:
    """Build the table of a deployment: one queue per lane, so that the broker alone orders what a core sees.

    The layouts differ in which service reads candles and turns them into orders. ``control.reset`` reaches every lane
    through its queue, ahead of the first message of the new session; other commands have queues of their own. The modes
    differ in what moves execution's exchange: market steps of the replay driver in sim, of the live candles in paper, the
    real market elsewhere.
    """
    rows = [_market(f"ingest.p{p}", "ingest", f"feed.p{p}", "control.reset") for p in range(partitions)]
    if layout == "fused":
        rows.append(_market("engine", "engine", "candle.#", "account.#", "exchange.instruments", "control.reset"))
        rows += [_commands("engine", *_STOPPING, *_STRATEGIES), *_marks("engine", mode)]
    else:
        rows += [
            _market(f"analysis.p{p}.{tf}", "analysis", f"candle.p{p}.{tf}", "control.reset")
            for p in range(partitions)
            for tf in timeframes
        ]
        rows += [_market(f"signals.p{p}", "signals", f"analysis.p{p}.*", "control.reset") for p in range(partitions)]
        rows += [_commands(f"signals.p{p}", *_STRATEGIES, consumer="signals") for p in range(partitions)]
        rows.append(_market("risk", "risk", "decision.#", "account.#", "exchange.instruments", "control.reset"))
        rows += [_commands("risk", *_STOPPING), *_marks("risk", mode)]
    rows += [
        _execution(mode),
        _commands("execution", "halt", "cancel", "flatten", "close", "rearm", orders=("order.risk",)),
        QueueSpec(
            "journal",
            "journal",
            ("candle.#", "decision.#", "order.#", "report.#", "account.#", "risk.#", "alert.#", "control.#"),
            QueueKind.CLASSIC,
            Overflow.BLOCK,
            max_length=200_000,
            prefetch=3_000,
            max_bytes=512 * MIB,
        ),
        QueueSpec(
            "notifier",
            "notifier",
            ("alert.#", "account.#", "risk.#", "control.reset"),
            QueueKind.CLASSIC,
            Overflow.DROP_OLDEST,
            max_length=5_000,
            prefetch=20,
            ttl_ms=600_000,
            max_bytes=16 * MIB,
        ),
        *_steps(mode),
        QueueSpec(
            "micro",
            "signals",
            ("micro.*",),
            QueueKind.CLASSIC,
            Overflow.DROP_OLDEST,
            max_length=1_000,
            prefetch=50,
            ttl_ms=10_000,
            max_bytes=16 * MIB,
        ),
    ]
    return Topology(tuple(rows), namespace)
