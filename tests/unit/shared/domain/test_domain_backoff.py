"""Growing pauses: doubled up to a ceiling, shortened by chance."""

from __future__ import annotations

from itertools import islice

import pytest

from shared.domain.backoff import Backoff


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    assert list(islice(Backoff(first=1, longest=5).pauses(), 5)) == [1, 2, 4, 5, 5]


def test_a_late_attempt_pauses_as_long_as_the_longest() -> None:
    """No number grows without bound, however long a server stays away."""
    assert Backoff(first=0.05, longest=2.0).pause(1_000_000) == 2.0


def test_chance_takes_away_no_more_than_the_jitter() -> None:
    backoff = Backoff(first=4.0, longest=4.0, jitter=0.5)
    assert (backoff.pause(0, 0.0), backoff.pause(0, 0.5), backoff.pause(0, 1.0)) == (4.0, 3.0, 2.0)


def test_chance_is_asked_for_every_pause() -> None:
    chances = iter((0.0, 1.0))
    assert list(islice(Backoff(1.0, 8.0, jitter=1.0).pauses(lambda: next(chances)), 2)) == [1.0, 0.0]


@pytest.mark.parametrize("attempt", range(6))
def test_a_pause_is_never_longer_without_jitter_than_with_it(attempt: int) -> None:
    assert Backoff(1.0, 8.0, jitter=0.3).pause(attempt, 0.7) <= Backoff(1.0, 8.0).pause(attempt)
