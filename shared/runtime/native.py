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
#: The modules that are compiled: glob patterns, relative to the root.
COMPILED: Final = (
    "services/analysis/lifecycle.py",
    "services/analysis/wording.py",
    "services/analysis/sessions/*.py",
    "services/analysis/base/*.py",
    "services/analysis/detectors/*.py",
    "services/analysis/cross/correlation.py",
    "services/analysis/cross/pair.py",
    "services/analysis/cross/side.py",
    "services/analysis/cross/smt_*.py",
    "services/analysis/explain.py",
)
#: Modules that the compiled ones import; mypyc compiles their types and constants in, so they are part of the key.
READ: Final = (
    "services/analysis/fvg_fill.py",
    "services/analysis/settings/*.py",
    "shared/domain/candles.py",
    "shared/domain/facts.py",
    "shared/domain/ids.py",
    "shared/domain/timeframes.py",
    "shared/domain/timezones.py",
    "shared/domain/transitions.py",
    "shared/runtime/native.py",
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
