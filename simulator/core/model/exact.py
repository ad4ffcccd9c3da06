"""Exact decimal arithmetic, whatever context the process has set."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

#: Wide enough that sums and products of bounded prices, quantities and rates are exact, whatever the process has set.
EXACT: Final = Context(prec=60)
_P = ParamSpec("_P")
_R = TypeVar("_R")


def exact(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """The call in a decimal context of its own."""

    @wraps(call)
    def inside(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with localcontext(EXACT):
            return call(*args, **kwargs)

    return inside
