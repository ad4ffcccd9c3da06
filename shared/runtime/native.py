"""Compiled twins of pure modules: used when they were built from exactly the sources that are here, else ignored.

``make native`` (``python -m cli.native``) compiles with mypyc what ``COMPILED`` names into ``.native/<key>/``. The key is of
those sources, of the sources whose types and constants they were compiled against, and of the interpreter: edit one of
them and everything runs interpreted, slower and no different, until the next build. ``ICT_NATIVE=0`` asks for that too;
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
        """What mypyc reads at a class; mypy_extensions itself is for development only."""
        return lambda made: made


ROOT: Final = Path(__file__).resolve().parents[2]
#: What is compiled, as patterns below the root.
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
#: What the compiled modules import of the rest: mypyc takes types and constants from there.
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
    """The modules that are compiled, sorted; packages stay interpreted, they choose."""
    found = {path for pattern in COMPILED for path in root.glob(pattern)}
    return sorted(path for path in found if path.name != "__init__.py")


def key(root: Path = ROOT) -> str:
    """Which build fits these sources and this interpreter."""
    read = {path for pattern in READ for path in root.glob(pattern)}
    digest = hashlib.blake2b(f"{sys.version}{sysconfig.get_config_var('EXT_SUFFIX')}".encode(), digest_size=8)
    for path in sorted({*compiled_sources(root), *read}):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def directory(root: Path = ROOT) -> Path:
    """Where builds lie, one folder a key."""
    return Path(os.environ.get("ICT_NATIVE_DIR") or root / ".native")


@cache
def build() -> Path | None:
    """The build that fits, None when there is none or it is not wanted. Looked for once a process."""
    if os.environ.get("ICT_NATIVE") == "0":
        return None
    found = directory() / key()
    return found if found.is_dir() else None


def prefer_compiled(package: str, path: Iterable[str]) -> list[str]:
    """Where to look for the modules of ``package``, whose sources lie in ``path``: a build that fits comes first."""
    found = build()
    if found is None:
        return list(path)
    if str(found) not in sys.path:
        sys.path.append(str(found))  # the modules of a build share one library, which lies at its top
    return [str(found.joinpath(*package.split("."))), *path]


def engine() -> Literal["compiled", "interpreted"]:
    """Which of the two runs in this process."""
    return "interpreted" if build() is None else "compiled"
