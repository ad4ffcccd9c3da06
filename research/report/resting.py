"""Keeps the facts that signals rest on while a backtest runs: the record names only their ids, the report draws them.

Computing them again would cost as much as the backtest. ``zones.jsonl`` has a line for each signal that was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from shared.domain.decisions import DecisionBundle, Signal
from shared.domain.facts import Analysis, Direction, Fact
from shared.domain.timeframes import Timeframe

#: The file's name in the directory of a run.
ZONES: Final = "zones.jsonl"
#: Events kept of one symbol and timeframe: a sweep or a shift has no life of its own, and signals rest on it for hours.
_REMEMBERED: Final = 2_000


class Zone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact as it was at the close of a signal: prices in USDT, times in UTC ms. A level has top = bottom."""

    kind: str
    timeframe: Timeframe
    direction: Direction
    top: float
    bottom: float
    formed_at: int
    confirmed_at: int
    score: float = 0.0
    why: str = ""


class SignalZones(msgspec.Struct, frozen=True, kw_only=True):
    """The zones that one signal rests on, in its own order."""

    signal: str
    zones: tuple[Zone, ...]


class Resting:
    """Hears every analysis of one run before the decisions that follow from it; tells the zones of each chosen signal."""

    def __init__(self, tell: Callable[[SignalZones], None]) -> None:
        self.tell: Final = tell
        self._newest: dict[tuple[str, Timeframe], Analysis] = {}
        self._events: dict[tuple[str, Timeframe], dict[str, Fact]] = {}

    def also(self, tell: Callable[[SignalZones], None]) -> Resting:
        """One that tells another too."""

        def both(zones: SignalZones) -> None:
            self.tell(zones)
            tell(zones)

        return Resting(both)

    def heard(self, analyses: Iterable[Analysis]) -> None:
        """Keep each analysis until the next of its symbol and timeframe, and its events for longer."""
        for analysis in analyses:
            key = analysis.symbol, analysis.timeframe
            self._newest[key] = analysis
            if analysis.events:
                known = self._events.setdefault(key, {})
                known.update((fact.id, fact) for fact in analysis.events)
                while len(known) > _REMEMBERED:
                    del known[next(iter(known))]

    def decided(self, bundle: DecisionBundle) -> None:
        """Tell the zones of the signals in it; a fact that was forgotten is left out."""
        for decision in bundle.decisions:
            if (signal := decision.signal) is not None:
                self.tell(SignalZones(signal=signal.id, zones=self._zones(signal)))

    def _zones(self, signal: Signal) -> tuple[Zone, ...]:
        wanted = frozenset(signal.rests_on)
        found: dict[str, Zone] = {}
        for (symbol, timeframe), analysis in self._newest.items():
            if symbol == signal.symbol:
                known = self._events.get((symbol, timeframe), {})
                found |= {each: _zone(known[each], timeframe) for each in wanted & known.keys()}
                found |= {fact.id: _zone(fact, timeframe) for fact in analysis.active if fact.id in wanted}
        return tuple(found[each] for each in dict.fromkeys(signal.rests_on) if each in found)


@contextmanager
def zones_file(directory: Path) -> Iterator[Resting]:
    """Write ``zones.jsonl`` while a run is played. Raises OSError."""
    encode = msgspec.json.Encoder(order="sorted").encode
    with (directory / ZONES).open("wb") as file:

        def tell(zones: SignalZones) -> None:
            file.write(encode(zones) + b"\n")

        yield Resting(tell)


def _zone(fact: Fact, timeframe: Timeframe) -> Zone:
    return Zone(
        kind=fact.kind, timeframe=timeframe, direction=fact.direction, top=fact.top, bottom=fact.bottom,
        formed_at=fact.formed_at, confirmed_at=fact.confirmed_at, score=fact.score, why=fact.why,
    )  # fmt: skip
