"""Exact decimal arithmetic, independent of the decimal context of the process."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

#: Precise enough that sums and products of the allowed prices, quantities and rates are exact.
EXACT: Final = Context(prec=60)
_P = ParamSpec("_P")
_R = TypeVar("_R")


def exact(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorator: run the function in the decimal context EXACT."""

    @wraps(call)
    def inside(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with localcontext(EXACT):
            return call(*args, **kwargs)

    return inside
