"""Who should be active on which lane: every replica must work out the same fair answer from who is alive."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.replicas import owners

NAMES = st.text("abcdefghij.0123456789-", min_size=1, max_size=8)
LANES = st.lists(NAMES, unique=True, max_size=40)
MEMBERS = st.lists(NAMES, unique=True, min_size=1, max_size=9)


@given(LANES, MEMBERS)
def test_every_lane_has_one_owner_and_the_shares_differ_by_at_most_one(lanes: list[str], members: list[str]) -> None:
    """OPS-1: replicas share the lanes fairly; nobody is given a lane that does not exist, none is left without an owner."""
    owner_of = owners(lanes, members)
    assert set(owner_of) == set(lanes)
    share = Counter(dict.fromkeys(members, 0))
    share.update(owner_of.values())
    assert set(share) == set(members)
    assert max(share.values()) - min(share.values()) <= 1


@given(LANES, MEMBERS, st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_in_which_lanes_and_members_are_seen(lanes, members, chance) -> None:
    """OPS-1: two replicas that see the same members agree, in whatever order they are listed."""
    shuffled_lanes, shuffled_members = list(lanes), list(members)
    chance.shuffle(shuffled_lanes)
    chance.shuffle(shuffled_members)
    assert owners(shuffled_lanes, shuffled_members) == owners(lanes, members)


@given(LANES, MEMBERS)
def test_a_member_alone_owns_everything(lanes: list[str], members: list[str]) -> None:
    """OPS-1: whoever is left when the others have died takes over all of it."""
    assert owners(lanes, members[:1]) == dict.fromkeys(lanes, members[0])


@given(LANES)
def test_without_members_nobody_owns_anything(lanes: list[str]) -> None:
    """OPS-1: before the first sign of life no lane is claimed, so none is handed over."""
    assert owners(lanes, []) == {}


@given(st.integers(1, 12), st.integers(1, 5))
def test_the_lanes_of_one_timeframe_are_spread_too(partitions: int, members: int) -> None:
    """OPS-1: a 1m lane has five times the work of a 5m lane, so every timeframe is shared fairly, not only the count."""
    timeframes = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w")
    lanes = [f"analysis.p{partition}.{timeframe}" for partition in range(partitions) for timeframe in timeframes]
    names = [f"replica-{index}" for index in range(members)]
    owner_of = owners(lanes, names)
    for timeframe in timeframes:
        share = Counter(dict.fromkeys(names, 0))
        share.update(owner for lane, owner in owner_of.items() if lane.endswith(f".{timeframe}"))
        assert max(share.values()) - min(share.values()) <= 1
