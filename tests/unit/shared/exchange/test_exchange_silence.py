"""The silence watch, by hand (DATA-4)."""

from __future__ import annotations

from shared.exchange.silence import Silence


def test_each_stream_has_to_be_heard_and_others_do_not_count() -> None:
    """DATA-4: connected is not healthy."""
    watch = Silence(["trades", "depth"], limit=10.0, now=100.0)
    watch.heard("trades", 108.0)
    watch.heard("stranger", 108.0)
    assert watch.remaining(108.0) == 2.0
    assert watch.overdue(110.0) == ()
    assert watch.overdue(110.1) == ("depth",)
    assert watch.overdue(119.0) == ("depth", "trades")
    assert watch.remaining(119.0) == 0.0
