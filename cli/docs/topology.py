"""Writes docs/topology.md: the queues of each layout and mode."""

from __future__ import annotations

from typing import get_args

from cli.docs.markdown import code, page, table
from cli.docs.vocabulary import words
from shared.bus import topology
from shared.bus.codec import MAX_BODY_BYTES
from shared.bus.dead_letters import PARKED_BYTES
from shared.bus.topology import (
    DEAD_LETTER_BYTES,
    DEAD_LETTER_EXCHANGE,
    EXCHANGES,
    MIB,
    OPTIONAL_TOPICS,
    Layout,
    QueueSpec,
    build,
)
from shared.domain.modes import Mode

_HEADER = (
    "queue",
    "read by",
    "bound to",
    "kind",
    "when full",
    "bound",
    "MiB",
    "prefetch",
    "single active",
    "age",
    "deliveries",
)


def render() -> str:
    """Render the page."""
    parts = [
        "One deployment of one partition with all timeframes, as `ict topology` prints it for yours. Every queue is "
        f"bounded, in messages and in MiB of those that wait at the broker. What cannot be read or handled goes through "
        f"`{DEAD_LETTER_EXCHANGE}` to `dead.<queue>`, of at most {DEAD_LETTER_BYTES // MIB} MiB; a body of more than "
        f"{PARKED_BYTES // 1024} KiB is cut there, and its size and SHA-256 are kept. No message is larger than "
        f"{MAX_BODY_BYTES // MIB} MiB: compose tells the broker so (`deploy/rabbitmq/messages.conf`).",
        "A broker keeps a queue as it was declared. After a version that changes this table, the queues that stand must be "
        "deleted once: stop the services when the queues are empty, delete the queues of the namespace (`rabbitmqctl "
        "delete_queue`), and run `ict topology --apply`. Until then every process ends with the sentence that they were "
        "declared with other arguments.",
        "## When a queue is full",
        table(("policy", "meaning"), _policies()),
        "## Topics and exchanges",
        "A topic goes to the exchange of its first word. A topic without a reader is an error, except for those marked "
        "optional.",
        table(
            ("topics", "exchange", "without a reader"),
            (
                (code(f"{name}.*"), code(to), "optional" if name in OPTIONAL_TOPICS else "error")
                for name, to in EXCHANGES.items()
            ),
        ),
    ]
    drawn: dict[tuple[QueueSpec, ...], Layout] = {}
    for layout in get_args(Layout):
        queues = build(layout).queues
        parts.append(f"## Layout {layout}")
        same = drawn.setdefault(queues, layout)
        parts.append(table(_HEADER, map(_row, queues)) if same == layout else f"The queues of layout {same}, in memory.")
    return page("Queues", *parts, *_modes())


def _modes() -> list[str]:
    """Render what differs from mode sim in the other modes."""
    usual = set(build().queues)
    parts = []
    for mode in get_args(Mode)[1:]:
        queues = build(mode=mode).queues
        gone = sorted(queue.name for queue in usual - set(queues))
        parts += [
            f"## Mode {mode}",
            f"As in mode sim, without {' and '.join(code(name) for name in gone)}"
            + (", and with:" if set(queues) - usual else "."),
        ]
        if rows := [_row(queue) for queue in queues if queue not in usual]:
            parts.append(table(_HEADER, rows))
    return parts


def _policies() -> list[tuple[str, str]]:
    meanings = words(topology, "Overflow")
    return [(code(policy.value), meanings[policy.name]) for policy in topology.Overflow]


def _row(queue: QueueSpec) -> tuple[str, ...]:
    return (
        code(queue.name),
        queue.consumer,
        " ".join(code(binding) for binding in queue.bindings),
        queue.kind,
        queue.overflow,
        f"{queue.max_length:,}",
        str(queue.max_bytes // MIB),
        str(queue.prefetch),
        "yes" if queue.single_active else "no",
        f"{queue.ttl_ms / 1000:g} s" if queue.ttl_ms else "",
        str(queue.delivery_limit + 1) if queue.delivery_limit else "",
    )
