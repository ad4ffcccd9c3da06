"""Memory of a drill's processes: a life that grows is found, and one that fills its caches and stands is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.chaos.memory import LONG_S, Sample, highest, lives

MINUTES_20 = 1_200


def life(mb: Callable[[float], float], seconds: float = MINUTES_20, pid: int = 7) -> list[Sample]:
    """A process that has ``mb`` after so many seconds, looked at every five."""
    return [Sample("risk", pid, float(at), mb(at)) for at in range(0, int(seconds) + 1, 5)]


@pytest.mark.parametrize(
    ("mb", "flat"),
    [
        (lambda at: 100.0, True),
        (lambda at: min(140.0, 80.0 + at / 5), True),  # fills its windows in five minutes
        (lambda at: 100.0 + (40.0 if at == 900 else 0.0), True),  # a spike
        (lambda at: 100.0 + at / 60 * 1.2, False),  # 1.2 MB a minute
        (lambda at: 100.0 if at < 1_000 else 115.0, False),  # a step near the end
        (lambda at: 20.0 + at / 60 * 0.4, True),  # below what can be told from noise
    ],
)
def test_a_life_is_flat_unless_it_goes_on_growing(mb: Callable[[float], float], flat: bool) -> None:
    """OPS-9."""
    (found,) = lives(life(mb))
    assert found.flat is flat, found


def test_lives_are_told_apart_by_process_and_short_ones_say_nothing() -> None:
    samples = life(lambda at: 100.0 + at, LONG_S - 10) + life(lambda at: 50.0, pid=8)
    assert [(each.name, each.after) for each in lives(samples)] == [("risk", 50.0)]
    assert highest(samples) == {"risk": 100.0 + LONG_S - 10}
