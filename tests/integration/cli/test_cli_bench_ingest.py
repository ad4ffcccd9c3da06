"""``ict bench ingest`` measures what it says: every frame is taken, none is unreadable."""

from __future__ import annotations

import json

from cli.bench.ingest_feeder import SYMBOL
from cli.bench.tick_frames import SHARES, Frames
from shared.exchange.binance.wire.streams import read_frame
from tests.support.processes.fleet import ict

RATE, SECONDS = 400, 1


def test_every_kind_of_frame_is_read_and_the_diffs_are_in_sequence() -> None:
    """A benchmark of frames that the reader drops would measure nothing."""
    frames, previous = Frames(SYMBOL, seed=1), 1_000
    for kind in SHARES:
        stream, event = read_frame(frames.make(kind, 1_700_000_000_000))
        assert stream.startswith("btcusdt@")
        assert event.__class__.__name__
    for _ in range(5):
        _, diff = read_frame(frames.make("depthUpdate", 1_700_000_000_000))
        assert diff.previous >= previous  # type: ignore[union-attr]  # a DepthEvent
        previous = diff.last  # type: ignore[union-attr]  # likewise


def test_the_sustained_part_counts_every_message() -> None:
    """Rate and lag are measured over real sockets, beside a reference."""
    measured = ict("bench", "ingest", "--rate", str(RATE), "--seconds", str(SECONDS), "--json", timeout=60)
    assert measured.returncode == 0, measured.stderr
    result = json.loads(measured.stdout)
    assert result["reference_sustained"]["messages"] == RATE * SECONDS
    kinds = list(Frames(SYMBOL, seed=3).kinds(RATE * SECONDS))
    assert result["sustained"]["messages"] == len(kinds) - kinds.count("kline")
    assert result["capacity"]["messages_per_s"] > 0
    assert {"lag_p50_ms", "lag_p99_ms", "cpu_share"} <= set(result["sustained"])
