"""Random histories of an account under the guardian: what others do, faults of the exchange, restarts (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.guardian.histories import ACTIONS, play
from tests.support.guardian.world import SYMBOLS, World

D = Decimal

histories = st.lists(
    st.tuples(st.sampled_from(sorted(ACTIONS)), st.sampled_from(SYMBOLS), st.integers(0, 120)), min_size=1, max_size=14
)


@settings(max_examples=120, deadline=None)
@given(histories)
def test_in_every_history_what_is_held_is_protected_and_nothing_protected_is_closed(
    history: list[tuple[str, str, int]],
) -> None:
    """EXEC-3, invariant 4: also with readings that lag, lost events, refused stops, restarts; in the end one stop each."""
    world = World()
    play(world, history)
    assert world.judge_the_end() == []
