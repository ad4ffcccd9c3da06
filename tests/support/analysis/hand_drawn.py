"""A pytest plugin (``-p tests.support.analysis.hand_drawn``): the states of facts that a run has brought about.

At the end of the session the set is written as JSON to the file that ``ICT_HAND_DRAWN`` names: ``[kind, state, direction]``.
Only what an engine or a pair has told counts, not what a test has made itself. It needs the interpreted engine.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding
from services.analysis.cross.pair import Pair
from services.analysis.cross.side import Side

_SEEN: Final[set[tuple[str, str, str]]] = set()


def _note(finding: Finding) -> None:
    _SEEN.add((finding.kind, finding.state, finding.direction))


def pytest_configure(config: pytest.Config) -> None:
    emit, update = CandleClose.emit, Pair.update

    def noted_emit(self: CandleClose, finding: Finding) -> None:
        _note(finding)
        emit(self, finding)

    def noted_update(
        self: Pair, one: Side | None, other: Side | None, close_time: int
    ) -> tuple[list[Finding], list[Finding]]:
        said = update(self, one, other, close_time)
        for findings in said:
            for finding in findings:
                _note(finding)
        return said

    CandleClose.emit = noted_emit  # type: ignore[method-assign]  # the tap of this plugin
    Pair.update = noted_update  # type: ignore[method-assign]


def pytest_sessionfinish() -> None:
    Path(os.environ["ICT_HAND_DRAWN"]).write_text(json.dumps(sorted(_SEEN)))
