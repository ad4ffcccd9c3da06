"""Every exchange, queue, bound and overflow policy, in one table (``ict topology`` prints it).

The bus implementations build themselves from it; docker-compose and the documents are tested against it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from shared.domain.timeframes import TIMEFRAMES, Timeframe

Layout = Literal["split", "fused", "embedded"]
#: Where the market comes from and where orders go. ``sim``: both from the simulator; ``paper``: the live market, simulated
#: fills; ``testnet``: the exchange's demo exchange; ``live``: the exchange.
Mode = Literal["sim", "paper", "testnet", "live"]


class Overflow(StrEnum):
    """What happens to a message that finds its queue full."""

    BLOCK = "block"  # the publisher waits: nothing may be lost
    DROP_OLDEST = "drop-oldest"  # only the newest counts
    DROP_NEWEST = "drop-newest"  # what came first stays, the new one is counted and gone


class QueueKind(StrEnum):
    CLASSIC = "classic"  # durable, one node
    QUORUM = "quorum"  # durable, replicated: money


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One row: a queue, what it is bound to, its bound and what happens beyond it."""

    name: str
    consumer: str  # the service that reads it
    bindings: tuple[str, ...]  # topic patterns: * one word, # any number of words
    kind: QueueKind
    overflow: Overflow
    max_length: int  # ready messages; those in consumers' hands (at most prefetch) come on top
    prefetch: int
    single_active: bool = True
    ttl_ms: int | None = None
    delivery_limit: int | None = None  # deliveries beyond the first before the broker dead-letters it (quorum only)


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
        """The row of this name. Raises KeyError."""
        return self.index[name]

    def of(self, consumer: str) -> tuple[QueueSpec, ...]:
        """The queues that this service reads, in table order."""
        return tuple(queue for queue in self.queues if queue.consumer == consumer)


#: Topic class → exchange. One exchange a writer's class, so that write permissions are one expression.
EXCHANGES: Final[dict[str, str]] = {
    "feed": "md",
    "market": "md",
    "candle": "md",
    "micro": "flow",
    "mark": "flow",
    "funding": "flow",
    "analysis": "ta",
    "decision": "sig",
    "order": "ord",
    "exchange": "ord",
    "account": "ord",
    "risk": "ord",
    "report": "ord",
    "control": "sys",
    "alert": "sys",
}
DEAD_LETTER_EXCHANGE: Final = "dlx"

#: Topics that may have no reader: context and comfort. Everything else unroutable is an error.
OPTIONAL_TOPICS: Final = frozenset({"micro", "mark", "funding", "alert", "report"})

#: Of these only the newest counts: not worth a disk write.
TRANSIENT_TOPICS: Final = frozenset({"micro", "mark"})

#: Topics whose messages stand each for itself. Those of one call travel together: fifty refused orders are fifty alerts, and
#: one confirm after the other they would keep execution busy for as many round trips.
UNORDERED_TOPICS: Final = frozenset({"alert"})


def exchange_of(topic: str) -> str:
    """The exchange that a topic is published to. Raises ValueError for a class that the table does not have."""
    topic_class = topic.partition(".")[0]
    try:
        return EXCHANGES[topic_class]
    except KeyError:
        raise ValueError(f"topic {topic!r} belongs to no exchange; known classes: {', '.join(EXCHANGES)}") from None


def partition_of(symbol: str, partitions: int, pinned: Mapping[str, int]) -> int:
    """The partition of a symbol: its pinned place, else a stable hash. The same in every process and on every bus."""
    if symbol in pinned:
        return pinned[symbol]
    return zlib.crc32(symbol.encode()) % partitions


def _market(name: str, consumer: str, *bindings: str) -> QueueSpec:
    return QueueSpec(name, consumer, bindings, QueueKind.CLASSIC, Overflow.BLOCK, max_length=5_000, prefetch=32)


def _money(name: str, consumer: str, *bindings: str) -> QueueSpec:
    return QueueSpec(
        name, consumer, bindings, QueueKind.QUORUM, Overflow.BLOCK, max_length=20_000, prefetch=32, delivery_limit=20
    )


def _exchange(mode: Mode) -> QueueSpec:
    """The queue behind the exchange port: the simulator's, or the gateway's where a real exchange answers."""
    if mode in ("sim", "paper"):
        return _money("exchange", "simulator", "exchange.request", "market.step", "control.reset")
    return _money("exchange", "gateway", "exchange.request", "control.reset")


def _driver(mode: Mode) -> tuple[QueueSpec, ...]:
    """Who moves a simulated exchange on: nobody where a real one answers."""
    if mode == "sim":
        bindings = ("decision.#", "exchange.event", "account.#", "risk.#", "report.#")
        return (QueueSpec("replay", "simulator", bindings, QueueKind.CLASSIC, Overflow.BLOCK, 20_000, prefetch=200),)
    if mode == "paper":
        return (_market("paper", "simulator", "candle.*.1m", "funding.*", "control.reset"),)
    return ()


def build(
    layout: Layout = "split",
    partitions: int = 1,
    timeframes: Sequence[Timeframe] = TIMEFRAMES,
    namespace: str = "ict",
    mode: Mode = "sim",
) -> Topology:
    """The table of a deployment: one queue a lane, so that the broker alone orders what a core sees.

    The layouts differ in one place: who reads candles and turns them into orders. ``control.reset`` reaches every lane in
    its own queue, ahead of the first message of the new session. The modes differ in who stands behind ``exchange``, and in
    what drives it: the replay driver in sim, the live candles in paper, the exchange itself elsewhere.
    """
    rows = [_market(f"ingest.p{p}", "ingest", f"feed.p{p}", "control.reset") for p in range(partitions)]
    if layout == "fused":
        rows.append(_market("engine", "engine", "candle.#", "account.#", "control.#"))
    else:
        rows += [
            _market(f"analysis.p{p}.{tf}", "analysis", f"candle.p{p}.{tf}", "control.reset")
            for p in range(partitions)
            for tf in timeframes
        ]
        rows += [
            _market(f"signals.p{p}", "signals", f"analysis.p{p}.*", "control.reset", "control.tick")
            for p in range(partitions)
        ]
        rows.append(_market("risk", "risk", "decision.#", "account.#", "control.#"))
    rows += [
        _money("execution", "execution", "order.intent", "exchange.event", "control.#"),
        _exchange(mode),
        QueueSpec(
            "journal",
            "journal",
            ("candle.#", "decision.#", "order.#", "exchange.event", "account.#", "risk.#", "alert.#", "control.#"),
            QueueKind.CLASSIC,
            Overflow.BLOCK,
            max_length=200_000,
            prefetch=3_000,
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
        ),
        *_driver(mode),
        QueueSpec(
            "micro",
            "signals",
            ("micro.*", "mark.*"),
            QueueKind.CLASSIC,
            Overflow.DROP_OLDEST,
            max_length=1_000,
            prefetch=50,
            ttl_ms=10_000,
        ),
    ]
    return Topology(tuple(rows), namespace)
