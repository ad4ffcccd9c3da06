"""Decisions as the cache holds them: the lines of ``decisions.jsonl`` as they stand, and the signals as messages.

Signals know nothing of the account, so that a run with other risk, costs or exits has the same decisions. Only the closes
with a signal have to be told to risk; of all others the lines and the counts are enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from research.backtest.cache.store import Writing
from research.report.resting import SignalZones
from shared.domain.decisions import DecisionBundle
from simulator.recorder import Recorder

#: Most rows of a part without a signal: progress is told at the end of each, and Ctrl-C is heard.
_MOST_ROWS: Final = 16_384


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Rows up to ``row``: their lines and counts. told: what is decided in ``row`` itself, if there is a signal in it.

    why_not: reason → how often, in the order in which they came up. zones: of the signals in ``told``.
    """

    row: int
    lines: bytes
    decisions: int
    signals: int
    why_not: list[tuple[str, int]]
    told: tuple[DecisionBundle, ...] = ()
    zones: tuple[SignalZones, ...] = ()


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Part).decode


def parts_of(frames: Iterator[bytes]) -> Iterator[Part]:
    """Yield the parts of an entry."""
    for frame in frames:
        yield _DECODE(frame)


class KeepingDecisions:
    """Adds decisions to an entry as a recorder takes them. ``finish`` after the last row."""

    def __init__(self, entry: Writing, recorder: Recorder) -> None:
        self._entry = entry
        self._recorder = recorder
        self._lines: list[bytes] = []
        self._zones: list[SignalZones] = []
        self._row = -1
        self._decisions = self._signals = 0
        self._why_not: Counter[str] = Counter()
        recorder.copy = self._lines.append

    def rests_on(self, zones: SignalZones) -> None:
        """Take the zones of a signal."""
        self._zones.append(zones)

    def closed(self, row: int, bundles: tuple[DecisionBundle, ...]) -> None:
        """Take what was decided in a row, after it was recorded."""
        signalled = any(each.signal is not None for bundle in bundles for each in bundle.decisions)
        if signalled or row - self._row >= _MOST_ROWS:
            self._part(row, bundles if signalled else ())

    def finish(self, last: int) -> None:
        """Keep the entry; ``last``: the last row."""
        self._part(last, ())
        self._recorder.copy = None
        self._entry.finish()

    def _part(self, row: int, told: tuple[DecisionBundle, ...]) -> None:
        summary = self._recorder.summary
        found = Part(
            row=row,
            lines=b"".join(self._lines),
            decisions=summary.decisions - self._decisions,
            signals=summary.signals - self._signals,
            why_not=[(name, new) for name, count in summary.why_not.items() if (new := count - self._why_not[name])],
            told=told,
            zones=tuple(self._zones),
        )
        self._lines.clear()
        self._zones.clear()
        self._row, self._decisions, self._signals = row, summary.decisions, summary.signals
        self._why_not = Counter(summary.why_not)
        self._entry.add(_ENCODE(found), packed=False)  # packing would cost more than the account's minutes
