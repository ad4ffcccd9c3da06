"""Finds the compiled versions of pure modules, and uses them if they were built from exactly the present sources.

``make native`` (``python -m cli.native``) compiles with mypyc what ``COMPILED`` names into ``.native/<key>/``. The key is of
those sources, of the sources whose types and constants they were compiled against, and of the interpreter: after an edit
of one of them everything runs interpreted (slower, same results) until the next build. ``ICT_NATIVE=0`` does the same;
``ICT_NATIVE_DIR`` names another directory than ``.native`` beside the packages.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**_: object):
        """Return the class unchanged. mypyc reads the decorator; mypy_extensions is installed for development only."""
        return lambda made: made


ROOT: Final = Path(__file__).resolve().parents[2]
#: The modules that are compiled: glob patterns, relative to the root. None of them awaits in an ``except`` block: in mypyc's
#: coroutines the error that is handled there then appears in whatever runs meanwhile.
COMPILED: Final = (
    "research/backtest/cache/analyses.py",
    "research/backtest/deciding.py",
    "research/backtest/fast.py",
    "services/analysis/lifecycle.py",
    "services/analysis/wording.py",
    "services/analysis/sessions/*.py",
    "services/analysis/base/*.py",
    "services/analysis/detectors/*.py",
    "services/analysis/cross/correlation.py",
    "services/analysis/cross/pair.py",
    "services/analysis/cross/pairs.py",
    "services/analysis/cross/side.py",
    "services/analysis/cross/smt_*.py",
    "services/analysis/explain.py",
    "services/analysis/engine.py",
    "services/ingest/aggregator.py",
    "services/ingest/core.py",
    "services/ingest/quality.py",
    "services/journal/insertion.py",
    "services/journal/rows.py",
    "services/signals/core.py",
    "services/signals/gates.py",
    "services/signals/judging.py",
    "services/signals/knowledge.py",
    "services/signals/rules/*.py",
    "services/signals/trade_gates.py",
    "services/signals/view/data.py",
    "services/signals/view/flaws.py",
    "services/signals/view/index.py",
    "services/signals/view/liquidity.py",
    "services/signals/view/market.py",
    "services/signals/view/order_flow.py",
    "services/signals/view/scope.py",
    "services/signals/view/structure.py",
    "services/signals/view/undeclared.py",
    "services/signals/view/zones.py",
    "services/signals/zone_priority.py",
    "shared/bus/memory/*.py",
    "shared/runtime/lane/core.py",
    "shared/runtime/lane/direct.py",
    "shared/runtime/lane/inbox.py",
    "shared/runtime/lane/metrics.py",
    "simulator/execution_lane.py",
    "simulator/matching_driver.py",
    "simulator/recorder.py",
    "simulator/unsignalled_lines.py",
)
#: Modules that the compiled ones import; mypyc compiles their types and constants in, so they are part of the key.
READ: Final = (
    "research/backtest/*.py",
    "research/backtest/cache/*.py",
    "research/decisions.py",
    "research/report/resting.py",
    "services/analysis/core.py",
    "services/analysis/fvg_fill.py",
    "services/analysis/saved.py",
    "services/analysis/state.py",
    "services/analysis/settings/*.py",
    "services/execution/inputs.py",
    "services/execution/plans/admission.py",
    "services/execution/requests.py",
    "services/ingest/*.py",
    "services/ingest/settings/*.py",
    "services/journal/tables.py",
    "services/signals/*.py",
    "services/signals/filters/*.py",
    "services/signals/regimes/*.py",
    "services/signals/strategies/top_down.py",
    "services/signals/view/*.py",
    "shared/bus/*.py",
    "shared/barrier.py",
    "shared/config/account.py",
    "shared/core.py",
    "shared/domain/*.py",
    "shared/exchange/error_codes.py",
    "shared/exchange/errors.py",
    "shared/exchange/model/orders.py",
    "shared/exchange/outcome/outcomes.py",
    "shared/runtime/*.py",
    "shared/runtime/lane/*.py",
    "shared/store/port.py",
    "simulator/*.py",
    "simulator/core/exchange_core.py",
    "simulator/core/margin/brackets.py",
    "simulator/core/matching/candles.py",
    "simulator/core/matching/liquidity.py",
    "simulator/core/model/*.py",
)


def compiled_sources(root: Path = ROOT) -> list[Path]:
    """Return the modules that are compiled, sorted. ``__init__.py`` files stay interpreted: they choose the version."""
    found = {path for pattern in COMPILED for path in root.glob(pattern)}
    return sorted(path for path in found if path.name != "__init__.py")


def key(root: Path = ROOT) -> str:
    """Return the key of the build that fits these sources and this interpreter."""
    read = {path for pattern in READ for path in root.glob(pattern)}
    digest = hashlib.blake2b(f"{sys.version}{sysconfig.get_config_var('EXT_SUFFIX')}".encode(), digest_size=8)
    for path in sorted({*compiled_sources(root), *read}):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def directory(root: Path = ROOT) -> Path:
    """Return the directory of the builds, which has one folder per key."""
    return Path(os.environ.get("ICT_NATIVE_DIR") or root / ".native")


@cache
def build() -> Path | None:
    """Return the build that fits; None if there is none or ICT_NATIVE=0. Looked up once per process."""
    if os.environ.get("ICT_NATIVE") == "0":
        return None
    found = directory() / key()
    return found if found.is_dir() else None


def prefer_compiled(package: str, path: Iterable[str]) -> list[str]:
    """Return the search path for the modules of ``package``: a build that fits, then the sources in ``path``."""
    found = build()
    if found is None:
        return list(path)
    if str(found) not in sys.path:
        sys.path.append(str(found))  # the modules of a build share one library at its top level
    return [str(found.joinpath(*package.split("."))), *path]


def engine() -> Literal["compiled", "interpreted"]:
    """Return which version of the analysis runs in this process."""
    return "interpreted" if build() is None else "compiled"
