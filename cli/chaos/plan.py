"""The plan of a drill: what strikes whom, when and for how long. A pure function of its seed. Times in ms."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

from cli.chaos.faults import FAULTS

#: Every process of the deployment; ``execution.a`` and ``execution.b`` are leader and standby, whichever is which.
PROCESSES: Final = ("ingest", "analysis", "signals", "risk", "execution.a", "execution.b", "journal", "guardian")
#: Ways in which a server is ill, through the proxy before it.
Ill = Literal["cut", "silent", "slow"]
ILLS: Final[tuple[Ill, ...]] = ("cut", "silent", "slow")
#: Ways that need a server of our own.
Own = Literal["restarted", "full", "emptied"]
OWN: Final[tuple[Own, ...]] = ("restarted", "full")
Server = Literal["redis", "rabbitmq"]
SERVERS: Final[tuple[Server, ...]] = ("redis", "rabbitmq")
#: How long a frozen process stays so: beyond the receive window (1.5 s), and beyond the lease (3 s).
SHORT_MS, LONG_MS = 1_900, 5_000

Kind = Literal["kill", "stop", "faults", "server", "halt"]


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike. whom: processes or servers; faults: names of ``FAULTS``; how: of a server; ms: how long it lasts.

    share: of a minute of the candles, when it begins: 0 = at the close, when entries are about to leave.
    """

    kind: Kind
    whom: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    how: str = ""
    ms: int = 0
    share: float = 0.0

    def __str__(self) -> str:
        """Return it as a line of the plan."""
        return " ".join(
            filter(
                None, (self.kind, self.how, " and ".join((*self.whom, *self.faults)), f"{self.ms} ms at {self.share:.2f}")
            )
        )


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike that was carried out: when it began, and when all was as before, UTC ms."""

    strike: Strike
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of each. kills: kills and stops of processes together. pairs, singles: None = all."""

    kills: int = 24
    pairs: int | None = 40
    singles: int | None = 0
    servers: int = 6
    halts: int = 2
    own_servers: bool = False


def plan(seed: int, wanted: Wanted) -> list[Strike]:
    """Return the strikes of ``seed``, in order."""
    chance = random.Random(f"chaos {seed}")  # noqa: S311  a drill, no secret
    strikes = [
        *_processes(chance, wanted.kills),
        *_faults(chance, wanted),
        *_servers(chance, wanted),
        *(Strike("halt", ms=chance.randint(2_000, 4_000)) for _ in range(wanted.halts)),
    ]
    chance.shuffle(strikes)
    return [replace(each, share=round((0.85 + chance.random() * 0.45) % 1, 3)) for each in strikes]


def _processes(chance: random.Random, count: int) -> list[Strike]:
    """Every process is killed and frozen before one is struck in the same way again."""
    found: list[Strike] = []
    while len(found) < count:
        for name in chance.sample(PROCESSES, len(PROCESSES)):
            ms = LONG_MS if name.startswith("execution") and chance.random() < 0.5 else SHORT_MS
            found += [Strike("kill", (name,)), Strike("stop", (name,), ms=ms)]
    return found[:count]


def _faults(chance: random.Random, wanted: Wanted) -> list[Strike]:
    names = list(FAULTS)
    singles = _some(chance, [(name,) for name in names], wanted.singles)
    if wanted.pairs is None:
        pairs: list[tuple[str, ...]] = list(combinations(names, 2))
    else:
        pairs = _pairs(chance, names, wanted.pairs)
    return [Strike("faults", faults=each, ms=chance.randint(1_200, 2_400)) for each in [*singles, *pairs]]


def _some(chance: random.Random, all_of_them: Sequence[tuple[str, ...]], count: int | None) -> list[tuple[str, ...]]:
    return list(all_of_them) if count is None else chance.sample(list(all_of_them), min(count, len(all_of_them)))


def _pairs(chance: random.Random, names: Sequence[str], count: int) -> list[tuple[str, ...]]:
    """Pairs in which every fault comes once before one comes again; no pair twice."""
    found: dict[tuple[str, ...], None] = {}
    while len(found) < min(count, len(names) * (len(names) - 1) // 2):
        order = chance.sample(list(names), len(names))
        for one, other in zip(order[::2], order[1::2], strict=False):
            pair = tuple(sorted((one, other)))
            if len(found) < count:
                found[pair] = None
    return list(found)


def _servers(chance: random.Random, wanted: Wanted) -> list[Strike]:
    ways = [(server, how) for server in SERVERS for how in (*ILLS, *(OWN if wanted.own_servers else ()))]
    found: list[Strike] = []
    while len(found) < wanted.servers:
        for server, how in chance.sample(ways, len(ways)):
            found.append(Strike("server", (server,), how=how, ms=chance.randint(1_500, 4_000)))
    return found[: wanted.servers]
