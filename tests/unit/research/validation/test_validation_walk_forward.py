"""Walk-forward splits by hand, and the checker that finds those which leak."""

from __future__ import annotations

import pytest

from research.validation.leaks import leaks
from research.validation.walk_forward import Span, Split, walk_forward

DATA = Span(1_000, 1_100)


def test_rolling_splits_move_on_by_a_test() -> None:
    """BT-4: twenty to learn, three and two apart, thirty to judge."""
    assert list(walk_forward(DATA, train=20, test=30, purge=3, embargo=2)) == [
        Split(Span(1_000, 1_020), Span(1_025, 1_055)),
        Split(Span(1_030, 1_050), Span(1_055, 1_085)),
    ]


def test_anchored_training_begins_at_the_start_and_grows() -> None:
    """BT-4: the tests are those of rolling splits."""
    assert list(walk_forward(DATA, train=20, test=30, purge=3, embargo=2, anchored=True)) == [
        Split(Span(1_000, 1_020), Span(1_025, 1_055)),
        Split(Span(1_000, 1_050), Span(1_055, 1_085)),
    ]


def test_a_range_that_fits_exactly_is_used_to_its_end() -> None:
    """BT-4: the newest data are the dearest."""
    assert list(walk_forward(DATA, train=60, test=30, purge=10)) == [Split(Span(1_000, 1_060), Span(1_070, 1_100))]


def test_a_longer_step_leaves_time_between_tests() -> None:
    assert [split.test for split in walk_forward(DATA, train=20, test=10, step=40)] == [
        Span(1_020, 1_030), Span(1_060, 1_070),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"train": 0}, "train is 0 ms: at least 1"),
        ({"test": -5}, "test is -5 ms"),
        ({"purge": -1}, "purge is -1 ms: at least 0"),
        ({"embargo": -1}, "embargo"),
        ({"step": 9}, "tests would overlap"),
        ({"train": 91}, "training, purge, embargo and one test need 101"),
    ],
)
def test_lengths_that_cannot_be_are_refused_before_the_first_split(changes: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        walk_forward(DATA, **({"train": 20, "test": 10} | changes))


SOUND = Split(Span(0, 100), Span(110, 150))

#: Splits that leak, and what the checker says of them.
SPECIMENS = {
    "test before training": ([Split(Span(110, 150), Span(0, 100))], "reaches into or behind the test"),
    "test inside training": ([Split(Span(0, 100), Span(50, 80))], "reaches into or behind the test"),
    "one millisecond of overlap": ([Split(Span(0, 100), Span(99, 150))], "reaches into or behind the test"),
    "purge shorter than the longest holding": ([Split(Span(0, 100), Span(109, 150))], "9 ms between training and test"),
    "tests overlap": ([SOUND, Split(Span(0, 120), Span(149, 180))], "before another one ended at 150"),
    "a test inside an earlier one": (
        [Split(Span(0, 100), Span(110, 500)), Split(Span(0, 100), Span(120, 130)), Split(Span(0, 190), Span(200, 300))],
        "test from 200 begins before another one ended at 500",
    ),
    "training without length": ([Split(Span(100, 100), Span(110, 150))], "training from 100 to 100 has no length"),
    "test beyond the data": ([Split(Span(0, 100), Span(990, 1_001))], "leaves the data"),
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_split_that_leaks_is_caught(name: str) -> None:
    """BT-4: every checker has a specimen that it must catch."""
    splits, told = SPECIMENS[name]
    assert told in "\n".join(leak.text for leak in leaks(splits, span=Span(0, 1_000), longest_holding=7, embargo=3))


def test_sound_splits_pass() -> None:
    assert leaks([SOUND, Split(Span(0, 140), Span(150, 180))], span=Span(0, 180), longest_holding=7, embargo=3) == []


def test_a_trade_that_was_held_into_the_test_is_caught() -> None:
    """BT-4: the purge was made for what was planned; this is what happened."""
    assert leaks([SOUND], longest_holding=7, holdings=[(99, 109), (100, 500), (120, 130)]) == []
    (leak,) = leaks([SOUND], longest_holding=7, holdings=[(0, 500), (40, 110), (99, 109)])
    assert leak.split == 0
    assert "2 trade(s) of the training were open in the test, the first from 0" in leak.text


def test_training_on_an_earlier_test_is_no_leak() -> None:
    """Walking forward, what was judged becomes what is known."""
    assert leaks([SOUND, Split(Span(50, 155), Span(155, 200))]) == []
