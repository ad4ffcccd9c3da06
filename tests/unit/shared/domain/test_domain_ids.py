"""Ids of the same parts are the same, however they were made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import begun, derive, ended


@given(st.lists(st.one_of(st.text(), st.integers())), st.lists(st.integers(), min_size=1, max_size=3))
def test_an_id_that_was_begun_is_the_one_that_is_derived(parts: list[object], lasts: list[int]) -> None:
    """BT-7: also when several are derived from one beginning."""
    beginning = begun(*parts)
    assert [ended(beginning, last) for last in lasts] == [derive(*parts, last) for last in lasts]
