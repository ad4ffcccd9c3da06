"""Which facts travel: a message that carries all of them is ten times the size of what a strategy reads."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator

from shared.domain.facts import ALL_KINDS, FactKind


def _known(pattern: str) -> str:
    if not matching(pattern):
        near = get_close_matches(pattern, sorted(ALL_KINDS), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the kinds are {', '.join(sorted(ALL_KINDS))}"
        raise ValueError(f"no kind of fact is called {pattern!r}; {hint}")
    return pattern


#: The name of a kind of fact, or a glob of names; one that names nothing is refused.
FactPattern = Annotated[str, AfterValidator(_known)]


def matching(pattern: str) -> frozenset[FactKind]:
    """The kinds of facts that a glob names."""
    return frozenset(kind for kind in ALL_KINDS if fnmatchcase(kind, pattern))
