"""Findings: what detectors emit. Cheap records; their id, their sentence and their message are made when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, final

from services.analysis.lifecycle import BIRTH, TRANSITIONS, Life
from shared.domain.facts import Direction, Fact, FactKind, FactLabel, FactState
from shared.domain.transitions import IllegalTransition
from shared.runtime.native import mypyc_attr

#: Which fact a finding is about: kind, direction, ``formed_at`` and ``key``. Its id is derived from nothing else.
Identity = tuple[FactKind, Direction, int, int]

INFINITY: Final = float("inf")
#: A time (ms) that never comes.
NEVER: Final = 1 << 60


@mypyc_attr(acyclic=True)  # it refers to plain values and its message only: the garbage collector need not look at it
@final
class Finding:
    """One detection at one moment of its life. Not changed once emitted: ``changed`` makes the next one.

    ``formed_at``: open time (ms) of the candle where it is drawn. ``confirmed_at``: the close at which it became knowable.
    ``changed_at``: the close of this state. ``key`` tells apart facts of one kind and direction formed at one candle, 0
    where there can be only one. ``candles``: open times of the candles that made it. ``ref``: the fact it came from.
    ``life``: the table of its kind. ``numbers``: what its sentence needs beyond the fields, in an order that the detector
    states.
    ``fact``: the message made of it, kept by the border so that it is made once; ``earlier``: that of an earlier state.
    """

    STATE: ClassVar[tuple[str, ...]] = (
        "kind", "direction", "state", "top", "bottom", "formed_at", "confirmed_at", "changed_at", "score", "touches", "fill",
        "label", "key", "candles", "ref", "numbers",
    )  # fmt: skip
    __slots__ = (
        "bottom", "candles", "changed_at", "confirmed_at", "direction", "earlier", "fact", "fill", "formed_at", "key",
        "kind", "label", "life", "numbers", "ref", "score", "state", "top", "touches",
    )  # fmt: skip

    def __init__(
        self,
        kind: FactKind,
        direction: Direction,
        top: float,
        bottom: float,
        formed_at: int,
        confirmed_at: int,
        *,
        score: float = 0.0,
        label: FactLabel = "",
        key: int = 0,
        candles: tuple[int, ...] = (),
        ref: Identity | None = None,
        numbers: tuple[float, ...] = (),
    ) -> None:
        """A newborn fact, in the state that the table gives to newborns of its kind."""
        self.kind: FactKind = kind
        self.direction: Direction = direction
        self.life: Life = TRANSITIONS[kind]
        self.state: FactState = BIRTH[kind]
        self.top = top
        self.bottom = bottom
        self.formed_at = formed_at
        self.confirmed_at = confirmed_at
        self.changed_at = confirmed_at
        self.score = score
        self.touches = 0
        self.fill = 0.0
        self.label: FactLabel = label
        self.key = key
        self.candles = candles
        self.ref = ref
        self.numbers = numbers
        self.fact: object = None
        self.earlier: object = None

    def restored(self) -> None:
        """The table of its kind, after the saved fields were set."""
        self.life = TRANSITIONS[self.kind]

    def identity(self) -> Identity:
        """What makes it the same fact through all its states."""
        return (self.kind, self.direction, self.formed_at, self.key)

    def is_over(self) -> bool:
        """True in a state behind which there is nothing."""
        return not self.life[self.state]

    def changed(self, state: FactState, at: int) -> Finding:
        """The same fact in another state at the close ``at`` (ms); set score, touches and fill on it before it is emitted.

        Raises IllegalTransition for a change that its life in ``services.analysis.lifecycle`` does not have: a bug.
        """
        if state not in self.life[self.state]:
            raise IllegalTransition(f"{self.kind} of {self.formed_at}", self.state, state, self.life[self.state])
        after = Finding(
            self.kind,
            self.direction,
            self.top,
            self.bottom,
            self.formed_at,
            self.confirmed_at,
            score=self.score,
            label=self.label,
            key=self.key,
            candles=self.candles,
            ref=self.ref,
            numbers=self.numbers,
        )
        after.state = state
        after.changed_at = at
        after.touches = self.touches
        after.fill = self.fill
        # The message of an earlier state already has the id and the sentence: the border takes them from there.
        after.earlier = self.earlier if self.fact is None else self.fact
        return after


def messages(findings: list[Finding], make: Callable[[Finding], object]) -> list[object]:
    """The message of each finding; ``make`` is asked for those that have none yet."""
    found: list[object] = []
    for finding in findings:
        message = finding.fact
        if message is None:
            message = make(finding)
            finding.fact = message
        found.append(message)
    return found


def unchanged(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """``before`` where ``after`` holds the very same facts, so that a reader sees by the object that nothing changed."""
    if len(before) != len(after):
        return after
    for index in range(len(before)):
        if before[index] is not after[index]:
            return after
    return before
