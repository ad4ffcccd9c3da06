"""Looks for garbage less often while a tape is played.

What a step makes is freed when its last name goes; next to nothing is left for the garbage collector, which by default
looks at everything young after every 700 objects.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Objects that are made until it looks: some megabytes at most.
_OBJECTS: Final = 50_000


@contextmanager
def rarely() -> Iterator[None]:
    """Collect garbage rarely meanwhile; also a decorator. A process that collects more rarely already is left so."""
    before = gc.get_threshold()
    if 0 < before[0] < _OBJECTS:
        gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
