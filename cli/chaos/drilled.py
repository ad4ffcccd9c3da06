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
    """What a drill leaves behind. struck: the strikes that were carried out; hit: how often each fault applied.

    alerts: each with the time at which it was heard; commands: when the drill sent one; began: when it did. UTC ms.
    memory: of each process, every few seconds.
    """

    lines: list[Line]
    rows: JournalRows
    lineage: str
    start: Decimal
    execution: Decimal | None
    risk: Decimal | None
    struck: list[Struck]
    hit: Counter[str]
    seconds: float
    began: int
    unsettled: list[str] = field(default_factory=list)
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)
    memory: list[Sample] = field(default_factory=list)
    fell: list[str] = field(default_factory=list)

    @property
    def strikes(self) -> Counter[str]:
        """How many strikes of each kind were carried out."""
        return Counter(each.strike.kind for each in self.struck)
