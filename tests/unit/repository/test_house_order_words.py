"""Each word list of orders is defined once, in ``shared/domain/order_words.py``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from shared.domain import order_words
from tests.support.repository.source_text import ROOT, sources

HOME = "shared/domain/order_words.py"
#: Words that say by themselves what they list.
TELLING = {"GTC", "BUY", "STOP_MARKET", "CONTRACT_PRICE", "PARTIALLY_FILLED", "TRIGGERED"}


def lists(source: str) -> Iterator[tuple[int, set[str]]]:
    """Each ``Literal[…]`` of a module, wherever it stands, with its line and its words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and "Literal" in (getattr(node.value, "id", ""), getattr(node.value, "attr", "")):
            constants = [each.value for each in ast.walk(node.slice) if isinstance(each, ast.Constant)]
            yield node.lineno, {each for each in constants if isinstance(each, str)}


def repeated(source: str) -> list[int]:
    """Lines where words of orders are listed again."""
    return [line for line, words in lists(source) if words & TELLING]


def test_words_of_orders_are_listed_once() -> None:
    places = {path.relative_to(ROOT).as_posix(): repeated(path.read_text(encoding="utf-8")) for path in sources()}
    assert places.pop(HOME)
    assert not {place: lines for place, lines in places.items() if lines}


@pytest.mark.parametrize(
    "source",
    [
        'TimeInForce = Literal["GTC", "IOC"]',
        'TimeInForce: TypeAlias = typing.Literal["GTC", "IOC"]',
        'side: Literal["BUY", "SELL"] = Field("BUY")',
        'def place(side: Literal["BUY", "SELL"] | None) -> None: ...',
        'Events = dict[str, tuple[Literal["MARK_PRICE", "CONTRACT_PRICE"], int]]',
    ],
)
def test_a_second_list_is_caught(source: str) -> None:
    """EXEC-1: also one that is written where it is used."""
    assert repeated(f"{source}\n") == [1]


@pytest.mark.parametrize(
    "name", [name for name in dir(order_words) if re.fullmatch(r"[A-Z][A-Za-z]+", name) and name != "Literal"]
)
def test_words_are_in_the_exchanges_spelling(name: str) -> None:
    assert all(re.fullmatch(r"[A-Z_]+", word) for word in get_args(getattr(order_words, name)))
