"""A function of one's own as detectors: found by its name, and whatever it does wrong is told as its own doing."""

from __future__ import annotations

import importlib
import operator
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from research.lookahead import Replay, Statement
from shared.domain.candles import Candle

_WANTED: Final = "give a list of research.lookahead.Statement"
#: Characters of an error that are told.
_MOST: Final = 300


class NoSuchDetectors(Exception):
    """The name is none of the known ones and no function that can be had; the text says what can be written."""


class BrokenDetectors(Exception):
    """The function raised, or gave something else than statements; the text names it and says where."""


def own_detectors(name: str) -> Replay:
    """The function ``package.module:function``, from the working directory or installed.

    It takes a list of ``shared.domain.candles.Candle`` and gives a list of ``research.lookahead.Statement``; what is said
    must be data that JSON can carry. Raises NoSuchDetectors; the result raises BrokenDetectors.
    """
    module, _, function = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        with _told(f"{module} cannot be imported: it"):
            found = getattr(importlib.import_module(module), function)
    except BrokenDetectors as error:
        if not isinstance(error.__cause__, ImportError | AttributeError):
            raise NoSuchDetectors(f"{name}: {error}") from error
        raise NoSuchDetectors(f"{name}: {error.__cause__}; is the module in this directory or installed?") from error
    if not callable(found):
        raise NoSuchDetectors(f"{name}: {function} is no function")
    return _guarded(name, found)


def _guarded(name: str, function: Callable[[list[Candle]], object]) -> Replay:
    def replay(candles: Sequence[Candle]) -> list[Statement]:
        with _told(name):
            given = function(list(candles))  # a list of its own: it may sort or empty it
        if not isinstance(given, list | tuple):
            raise BrokenDetectors(f"{name} gave {_kind(given)}; {_WANTED}")
        return [_statement(name, each) for each in given]

    return replay


def _statement(name: str, given: object) -> Statement:
    if not isinstance(given, Statement):
        raise BrokenDetectors(f"{name} gave a list with {_kind(given)} in it; {_WANTED}")
    try:
        known_at = operator.index(given.known_at)
    except TypeError:
        raise BrokenDetectors(f"{name}: known_at is {_kind(given.known_at)}; give a whole number, UTC ms") from None
    with _told(f"{name}: what is said cannot be written as JSON: it"):
        msgspec.json.encode(given.said)
    return Statement(known_at, given.said)


@contextmanager
def _told(who: str) -> Iterator[None]:
    """Turn whatever foreign code raises into BrokenDetectors; only Ctrl-C is the user's own."""
    try:
        yield
    except (Exception, SystemExit, GeneratorExit) as error:
        said = " ".join(" ".join(traceback.format_exception_only(error)).split())[:_MOST]
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if len(frames) > 1 else ""
        raise BrokenDetectors(f"{who} raised {said}{where}") from error


def _kind(given: object) -> str:
    return "None" if given is None else f"a {type(given).__name__}"
