"""What a drill leaves behind, to be judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from cli.chaos.agreement import JournalRows
from cli.chaos.memory import Sample
from cli.chaos.plan import Struck
from shared.domain.control import Alert
from simulator.ledger.record import Line


@dataclass(slots=True)
class Drilled:
    """What a drill leaves behind. strikes: how many of each kind were carried out; struck: each, with its times.

    alerts: each with the time at which it was heard, UTC ms; memory: of each process, every few seconds.
    """

    lines: list[Line]
    rows: JournalRows
    lineage: str
    start: Decimal
    execution: Decimal | None
    risk: Decimal | None
    strikes: Counter[str]
    hit: Counter[str]
    seconds: float
    struck: list[Struck] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    memory: list[Sample] = field(default_factory=list)
    fell: list[str] = field(default_factory=list)
