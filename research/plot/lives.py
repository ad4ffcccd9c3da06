"""From events to what is drawn: each fact with its birth, its changes and its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.analysis.lifecycle import TRANSITIONS
from shared.domain.facts import Fact, FactState


@dataclass(slots=True)
class Life:
    """One fact over time. ``ended_at``: close (UTC ms) at which it came to its end, None while it lives.

    ``now`` is its newest word; an event without a life, a break of structure say, ends at its birth.
    """

    born: Fact
    now: Fact
    ended_at: int | None = None
    changes: list[tuple[int, FactState]] = field(default_factory=list)


class Lives:
    """Gathers events in order; ``forget`` keeps it small."""

    def __init__(self) -> None:
        self._lives: dict[str, Life] = {}

    def hear(self, facts: Iterable[Fact]) -> None:
        """The next events."""
        for fact in facts:
            life = self._lives.get(fact.id)
            if life is None:
                life = self._lives[fact.id] = Life(fact, fact)
            else:
                life.now = fact
                life.changes.append((fact.changed_at, fact.state))
            if not TRANSITIONS[fact.kind][fact.state]:
                life.ended_at = fact.changed_at

    def forget(self, before: int) -> None:
        """Drop what ended before this instant (UTC ms)."""
        self._lives = {key: life for key, life in self._lives.items() if life.ended_at is None or life.ended_at >= before}

    def all(self) -> list[Life]:
        """In order of birth."""
        return list(self._lives.values())
