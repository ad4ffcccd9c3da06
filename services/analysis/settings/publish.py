"""Checks and expands the patterns that name which kinds of facts are published.

Not all are published by default: such messages would be about ten times as large as what a strategy reads.
"""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator

from shared.domain.facts import ALL_KINDS, FactKind


def _known(pattern: str) -> str:
    """Return ``pattern``. Raises ValueError, with the nearest name, if it matches no kind of fact."""
    if not matching(pattern):
        near = get_close_matches(pattern, sorted(ALL_KINDS), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the kinds are {', '.join(sorted(ALL_KINDS))}"
        raise ValueError(f"no kind of fact is called {pattern!r}; {hint}")
    return pattern


#: A kind of fact, or a glob that matches some; ValueError if it matches none.
FactPattern = Annotated[str, AfterValidator(_known)]


def matching(pattern: str) -> frozenset[FactKind]:
    """Return the kinds of facts that a glob matches."""
    return frozenset(kind for kind in ALL_KINDS if fnmatchcase(kind, pattern))
