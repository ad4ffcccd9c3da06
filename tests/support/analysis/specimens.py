"""Detectors with a known fault, put into the engine in the place of the sound one: what the harnesses must catch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding
from services.analysis.detectors import roster
from services.analysis.detectors.swings import SwingKind, Swings
from shared.domain.facts import Direction
from shared.runtime.native import engine


def plug(monkeypatch: pytest.MonkeyPatch, swings: Callable[..., Swings]) -> None:
    """Every engine made from now on finds its swings with ``swings``; all else in it is the real thing."""
    if engine() == "compiled":
        pytest.skip("a compiled roster makes its own detectors: the specimen needs the interpreted engine (ICT_NATIVE=0)")
    monkeypatch.setattr(roster, "Swings", swings)


class UndelayedSwings(Swings):
    """The confirmation delay removed: a swing claims to have been known at the close of its own candle."""

    def _confirm(
        self, now: CandleClose, kind: SwingKind, direction: Direction, level: float, pivot: int, before: Finding | None
    ) -> Finding:
        swing = super()._confirm(now, kind, direction, level, pivot, before)
        swing.confirmed_at = swing.changed_at = swing.formed_at + now.duration
        return swing


class CoarseSwings(Swings):
    """A level of price that is special: swings lie on whole USDT."""

    def _confirm(
        self, now: CandleClose, kind: SwingKind, direction: Direction, level: float, pivot: int, before: Finding | None
    ) -> Finding:
        return super()._confirm(now, kind, direction, float(round(level)), pivot, before)


class ForgetfulSwings(Swings):
    """A state that is not whole: the last swing low is left out of the snapshot."""

    STATE = ("high",)
