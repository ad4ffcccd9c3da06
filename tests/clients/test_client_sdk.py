"""The official SDK trades against the simulator, unmodified but for addresses."""

from __future__ import annotations

from pathlib import Path

from tests.support.clients.conformance import conforms


def test_every_call_of_sdk_is_answered_as_the_exchange_does(tmp_path: Path) -> None:
    """EXEC-1: with the codes of the exchange where it refuses."""
    conforms("sdk", "sdk", "with_sdk.py", logs=tmp_path)
