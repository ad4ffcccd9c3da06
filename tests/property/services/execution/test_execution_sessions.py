"""Random sessions with a mischievous exchange: the invariants hold, and the watchman catches those who break them."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.execution.desk import INSTRUMENTS, KEY
from tests.support.execution.session import SETTINGS, Session
from tests.support.execution.specimens import Chatty, DoubleSender, Reusing, Trusting, Untidy

SEEDS = st.integers(0, 2**32 - 1)
QUIETLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(SEEDS, st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.9]))
@QUIETLY
def test_whatever_the_exchange_does_every_position_has_a_stop_and_every_order_leaves_once(
    seed: int, mischief: float
) -> None:
    """Invariants 3, 4 and 7, EXEC-2, EXEC-3: refusals, silence, parts, repeats, restarts at any message."""
    session = Session(random.Random(seed), mischief=mischief)
    assert session.play(12).violations == []


@given(SEEDS)
@QUIETLY
def test_the_results_of_the_trades_are_the_change_of_the_wallet(seed: int) -> None:
    """EXEC-4: realised - fees + funding of all trades, to the last digit."""
    session = Session(random.Random(seed), outside=False)
    start = session.exchange.wallet
    assert session.play(15).violations == []
    assert session.results == session.exchange.wallet - start


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_restarts_at_any_message_change_nothing_that_is_sent(seed: int) -> None:
    """Invariant 3: a session with restarts and one without reach the same books and the same orders."""
    one, two = (Session(random.Random(seed), restarts=False) for _ in range(2))
    two._deliver = _restarting(two)
    one.play(10)
    two.play(10)
    assert one.exchange.placed == two.exchange.placed
    assert one.core.snapshot() == two.core.snapshot()


def _restarting(session: Session):
    """Deliver, then go on with a core restored from the snapshot: every single time, with no draw of chance."""
    deliver = session._deliver

    def delivered(message, *, repeated):
        replies = deliver(message, repeated=repeated)
        snapshot, session.core = session.core.snapshot(), session.make()
        session.core.restore(snapshot)
        return replies

    return delivered


@pytest.mark.parametrize(
    ("specimen", "fault"),
    [
        (DoubleSender, "entries for"),
        (Trusting, "without an accepted stop"),
        (Untidy, "rest"),
        (Chatty, "AccountReport"),
        (Reusing, "share the client id"),
    ],
)
def test_the_watchman_catches_the_specimen(specimen: type, fault: str) -> None:
    """STYLE: every checker has a specimen that it must catch; here within a handful of sessions."""
    found = []
    for seed in range(6):
        session = Session(
            random.Random(seed), make=lambda: specimen(INSTRUMENTS, SETTINGS, KEY), restarts=False, outside=False
        )
        found += session.play(25).violations
    assert [violation for violation in found if fault in violation]
