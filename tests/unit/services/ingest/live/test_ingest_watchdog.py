"""The silence watchdog: states, limits, pauses."""

from __future__ import annotations

from typing import get_args

import pytest

from services.ingest.live.watchdog import TRANSITIONS, ConnectionState, Watchdog, advance, pause_ms
from services.ingest.settings.live import BackoffSettings, FeedKind, SilenceSettings
from shared.domain.transitions import IllegalTransition

BACKOFF = BackoffSettings(first_ms=1_000, longest_ms=60_000, jitter=0.5, settled_ms=30_000)


def dog(**limits: int) -> Watchdog[str]:
    return Watchdog(dict(limits or {"kline": 1_000, "trade": 5_000}), BACKOFF)


def test_a_connection_is_live_once_it_stands_and_nothing_is_missing() -> None:
    """DATA-4: connected is not healthy."""
    one = dog()
    assert one.state == "connecting"
    one.opened(0)
    assert (one.state, one.healthy) == ("resyncing", False)
    one.resynced()
    assert (one.state, one.healthy) == ("live", True)


def test_one_silent_stream_is_enough_whatever_the_others_say() -> None:
    """DATA-4: health is a frame of every stream within its own limit."""
    one = dog()
    one.opened(0)
    one.resynced()
    one.heard("kline", 900)
    assert one.quiet(1_900) == ()
    one.heard("trade", 1_900)
    assert one.quiet(1_901) == ("kline",)
    assert one.state == "silent"
    assert one.quiet(10_000) == (), "said once"


def test_a_stream_without_a_limit_may_be_silent() -> None:
    """DATA-1: hours may pass without a liquidation."""
    one = dog(liquidation=0)
    one.opened(0)
    assert one.quiet(86_400_000) == ()


def test_silence_counts_while_resyncing_too() -> None:
    one = dog()
    one.opened(0)
    assert one.quiet(1_001) == ("kline",)


def test_a_lost_connection_waits_comes_back_and_resyncs() -> None:
    """DATA-4: reconnect, then resync by REST."""
    one = dog()
    one.opened(0)
    one.resynced()
    assert one.lost(10_000, chance=0.0) == 1_000
    assert one.state == "reconnecting"
    one.retry()
    assert one.state == "connecting"
    one.opened(11_000)
    assert one.state == "resyncing"


def test_pauses_double_up_to_the_longest_and_are_jittered() -> None:
    """DATA-4: exponential backoff, 1 s to 60 s, jitter."""
    assert [pause_ms(attempt, 0.0, BACKOFF) for attempt in range(8)] == [
        1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]  # fmt: skip
    assert pause_ms(0, 0.999, BACKOFF) >= 500
    assert pause_ms(2, 0.5, BACKOFF) == 3_000
    assert pause_ms(10_000, 0.0, BACKOFF) == 60_000


def test_only_a_connection_that_stood_for_long_begins_with_the_first_pause_again() -> None:
    """DATA-4: an exchange that drops every connection at once is asked ever less often."""
    one = dog()
    pauses = []
    for now in (0, 10_000, 20_000):
        one.opened(now)
        pauses.append(one.lost(now + 100, 0.0))
        one.retry()
    assert pauses == [1_000, 2_000, 4_000]
    one.opened(100_000)
    assert one.lost(130_000, 0.0) == 1_000


def test_an_attempt_that_never_stood_waits_longer_each_time() -> None:
    one = dog()
    pauses = []
    for now in range(0, 400_000, 100_000):
        pauses.append(one.lost(now, 0.0))
        one.retry()
    assert pauses == [1_000, 2_000, 4_000, 8_000]


def test_a_gap_on_a_standing_connection_is_a_resync() -> None:
    one = dog()
    one.opened(0)
    one.resynced()
    one.missed()
    assert one.state == "resyncing"
    one.missed()
    one.resynced()
    assert one.healthy


def test_frames_of_streams_that_nobody_asked_for_are_no_sign_of_life() -> None:
    one = dog(kline=1_000)
    one.opened(0)
    one.heard("stranger", 1_000)
    assert one.quiet(1_001) == ("kline",)


def test_an_event_that_the_state_does_not_allow_is_refused_with_those_that_it_allows() -> None:
    with pytest.raises(IllegalTransition, match="connection is live: no opened; allowed: missed, quiet, lost"):
        advance("live", "opened")


def test_every_state_is_in_the_table_and_every_one_leads_back_to_live() -> None:
    """STYLE: life cycles are tables."""
    assert set(TRANSITIONS) == set(get_args(ConnectionState))
    for start in TRANSITIONS:
        reached, edge = {start}, [start]
        while edge:
            edge = [to for state in edge for to in TRANSITIONS[state].values() if to not in reached]
            reached |= set(edge)
        assert "live" in reached


def test_every_kind_of_stream_has_a_limit() -> None:
    """DATA-4: N a stream kind."""
    settings = SilenceSettings()
    assert all(settings.of(kind) > 0 for kind in get_args(FeedKind) if kind != "liquidation")
    with pytest.raises(ValueError, match="longest_ms"):
        BackoffSettings(first_ms=2_000, longest_ms=1_000)
