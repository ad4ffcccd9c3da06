"""A memory with a ceiling forgets its oldest entries first."""

from __future__ import annotations

from collections import OrderedDict

from shared.domain.bounded import forget_oldest


def test_the_oldest_entries_go_until_the_limit_is_kept() -> None:
    memory = dict.fromkeys("abcde", 1)
    forget_oldest(memory, 2)
    assert list(memory) == ["d", "e"]


def test_a_memory_within_its_limit_is_left_alone() -> None:
    memory = {"a": 1}
    forget_oldest(memory, 1)
    assert memory == {"a": 1}


def test_an_entry_that_was_moved_to_the_end_is_not_the_oldest() -> None:
    memory = OrderedDict.fromkeys("abc", 1)
    memory.move_to_end("a")
    forget_oldest(memory, 1)
    assert list(memory) == ["a"]


def test_a_limit_of_zero_empties_the_memory() -> None:
    memory = {"a": 1, "b": 2}
    forget_oldest(memory, 0)
    assert memory == {}
