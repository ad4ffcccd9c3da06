"""The keys of the cache: hashes of everything that the contents rest on, so that an entry never has to be doubted.

Those are the candles, the settings, and the code itself: its sources, not its version, so that an edit makes another key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from research.backtest.result import engine_version
from research.backtest.sections import Sections
from services.signals.strategies import STRATEGIES
from shared.domain.timeframes import Timeframe

_ROOT: Final = Path(__file__).resolve().parents[3]
#: What analyses and decisions are made by.
_ANALYSIS: Final = ("services/analysis", "services/ingest", "shared/domain", "research/backtest")
_RECORD: Final = ("simulator/recorder.py", "simulator/unsignalled_lines.py")
_DECISIONS: Final = (*_ANALYSIS, "services/signals", "research/report", "research/decisions.py", *_RECORD)
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


def analysis_key(sections: Sections, frames: Iterable[Timeframe], data: Mapping[str, str]) -> bytes:
    """Key of all analyses of a tape. frames: that are read. data: symbol → hash of its candles."""
    return _key(
        _ANALYSIS,
        {
            "data": dict(data),
            "kinds": {each: sorted(sections.signals.reads_on(each)) for each in frames},
            "partitions": _partitions(sections),
            "settings": sections.analysis.model_dump(mode="json"),
            "fill_model": _content(sections.analysis.fvg.fill_model_file),
        },
    )


def decisions_key(sections: Sections, data: Mapping[str, str], *, zones: bool) -> bytes | None:
    """Key of all decisions of a tape; None where they rest on code or files that a key does not know. zones: kept beside."""
    signals = sections.signals
    if any(name not in STRATEGIES for name in signals.strategies) or signals.regimes.models:
        return None
    return _key(
        _DECISIONS,
        {
            "data": dict(data),
            "partitions": _partitions(sections),
            "timeframes": list(sections.common.timeframes),
            "ingest": sections.ingest.model_dump(mode="json"),
            "analysis": sections.analysis.model_dump(mode="json"),
            "signals": signals.model_dump(mode="json"),
            "fill_model": _content(sections.analysis.fvg.fill_model_file),
            "zones": zones,
        },
    )


def _key(sources: tuple[str, ...], of: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(_ENCODE({**of, "code": _code(sources)}), digest_size=32).digest()


def _partitions(sections: Sections) -> list[list[str]]:
    return [list(sections.common.symbols_of(number)) for number in range(sections.common.partitions.count)]


def _content(path: Path | None) -> str:
    """The hash of a file that settings name. Raises OSError."""
    return "" if path is None else hashlib.blake2b(path.read_bytes()).hexdigest()


@cache
def _code(places: tuple[str, ...]) -> str:
    """The hash of the sources and models below these places, and of what computes in columns."""
    found = hashlib.blake2b(f"{engine_version()} {np.__version__} {msgspec.__version__}".encode())
    for place in places:
        path = _ROOT / place
        files = [each for each in path.rglob("*.*") if each.suffix in (".py", ".json")] if path.is_dir() else [path]
        for source in sorted(files):
            found.update(source.relative_to(_ROOT).as_posix().encode())
            found.update(source.read_bytes())
    return found.hexdigest()
