"""What the commands on the candle repository share: its options, its dates, and how its refusals end a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import BadOption
from cli.play.market import parse_date
from cli.run.configuration import refuse
from shared.candles.errors import RepositoryRefused
from shared.candles.kinds import KINDS, Kind
from shared.candles.repository import DEFAULT_ROOT
from shared.domain.symbols import is_symbol
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit

Store = Annotated[Path, typer.Option("--store", help="directory of the candle repository")]
DEFAULT_STORE = DEFAULT_ROOT


@contextmanager
def refusals(store: Path) -> Iterator[None]:
    """End the command with a sentence for a wrong option, a damaged repository, and a disk that takes no more."""
    try:
        require("pyarrow", "the candle repository")
        yield
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except RepositoryRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    except OSError as error:
        reason = error.strerror or error
        text = f"{store}: {reason}. What was done before is kept and whole: make room, or see to the rights"
        refuse(f"{text}, then type the same line again", Exit.NEGATIVE)


def parse_kinds(texts: Sequence[str], default: Sequence[Kind]) -> list[Kind]:
    """The values of ``--kind``. Raises BadOption."""
    found = list(default) if not texts else []
    for text in texts:
        kind = next((each for each in KINDS if each == text), None)
        if kind is None:
            raise BadOption(f"--kind {text}: choose one of {', '.join(KINDS)}")
        found.append(kind)
    return list(dict.fromkeys(found))


def parse_symbols(texts: Sequence[str]) -> list[str]:
    """Symbols as typed, in capitals, each once. Raises BadOption."""
    symbols = [text.upper() for text in texts]
    for symbol in symbols:
        if not is_symbol(symbol):
            raise BadOption(f"{symbol!r} is no symbol; write it like BTCUSDT")
    return list(dict.fromkeys(symbols))


def parse_span(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    """``--from`` and ``--to`` as UTC ms. Raises BadOption also when the span is empty."""
    begin, stop = parse_date("--from", start), parse_date("--to", end)
    if begin is not None and stop is not None and begin >= stop:
        raise BadOption(f"--from {start} --to {end}: nothing lies between; --to is the first instant that is not asked for")
    return begin, stop


def minute(time: int) -> str:
    """An instant, UTC ms, as a person reads it: ``2023-01-01 00:00``."""
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M}"


def day(time: int) -> str:
    """The UTC day of an instant, UTC ms: ``2023-01-01``."""
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d}"
