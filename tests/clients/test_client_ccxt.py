"""ccxt's two classes for USDⓈ-M futures trade against the simulator, unmodified but for addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients.conformance import conforms, conforms_under_the_real_names
from tests.support.clients.outcomes import REFUSED


@pytest.mark.parametrize("kind", ["binance", "binanceusdm"])
def test_every_call_of_ccxt_is_answered_as_the_exchange_does(kind: str, tmp_path: Path) -> None:
    """EXEC-1: with the codes of the exchange where it refuses."""
    conforms(f"ccxt {kind}", "ccxt", "with_ccxt.py", kind, logs=tmp_path)


def test_ccxt_under_the_real_names_raises_its_own_classes_of_errors(tmp_path: Path) -> None:
    """It chooses them by the address of the real exchange."""
    outcomes = conforms_under_the_real_names("ccxt real names", "ccxt", "with_ccxt.py", "binanceusdm", logs=tmp_path)
    raised = {each.code: each.raised for each in outcomes if each.outcome == REFUSED and each.call.startswith("POST")}
    assert raised[-2019] == "InsufficientFunds"
    assert raised[-2021] == "OrderImmediatelyFillable"
    assert raised[-2022] == "InvalidOrder"
