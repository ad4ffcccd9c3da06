"""Where the ids of a run of ``ict simulator`` begin."""

from __future__ import annotations

import pytest

from simulator.server.ids import Ids, first_id
from simulator.server.settings import ServerSettings

NOW = 1_795_900_000_000


@pytest.mark.parametrize(
    ("ids", "speed", "first"),
    [
        ("auto", 0.0, None),  # lock-step: the same run, the same ids
        ("auto", 1.0, NOW * 1_000),
        ("auto", 60.0, NOW * 1_000),
        ("auto", None, NOW * 1_000),
        ("market", 1.0, None),
        ("market", None, None),
        ("real", 0.0, NOW * 1_000),
    ],
)
def test_where_ids_begin(ids: Ids, speed: float | None, first: int | None) -> None:
    """EXEC-2: None = by the market's time."""
    assert first_id(ids, speed, NOW) == first


def test_a_restart_at_the_same_time_of_the_market_repeats_no_id_unless_it_is_asked_to() -> None:
    """EXEC-2: a generated market always begins at the same time; a client's database does not."""
    shipped = ServerSettings().ids
    first, again = first_id(shipped, 1.0, NOW), first_id(shipped, 1.0, NOW + 1_000)
    assert first is not None
    assert again is not None
    assert again - first == 1_000_000
