"""The gates that ICT strategies share, each with its numbers and its sentence."""

from __future__ import annotations

import pytest

from services.signals import trade_gates
from services.signals.gates import Gate, failed
from services.signals.trade import TradeSettings
from services.signals.view.scope import EVERYTHING
from shared.domain.facts import Fact
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import JUDAS, SWEEP_REVERSAL
from tests.support.signals.stage import Stage

SETTINGS = TradeSettings()


@pytest.mark.parametrize(
    ("direction", "stop", "reasons"),
    [
        ("bullish", 99.0, ()),
        ("bearish", 101.0, ()),
        ("bullish", 99.95, ("stop_too_near",)),
        ("bearish", 99.0, ("stop_too_near",)),
        ("bullish", 96.0, ("stop_too_far",)),
        ("bearish", 104.0, ("stop_too_far",)),
    ],
)
def test_a_stop_that_is_too_near_or_too_far_is_refused(direction, stop, reasons) -> None:
    gates: list[Gate] = []
    trade_gates.stop_accepted(gates, direction, 100.0, stop, SETTINGS, told=False)
    assert failed(gates) == reasons
    assert [gate.text for gate in gates] == ["", ""], "sentences cost time"


@pytest.mark.parametrize(("direction", "passed"), [("bullish", True), ("bearish", False)])
def test_a_resting_entry_lies_where_price_has_to_come_back_to(direction, passed) -> None:
    """SIG-7: below the close for a buy, above it for a sell."""
    gates: list[Gate] = []
    trade_gates.entry_ahead(gates, direction, 99.0, 100.0, told=True)
    (gate,) = gates
    assert (gate.passed, gate.value, gate.limit, gate.unit) == (passed, 99.0, 100.0, "USDT")
    side = "below" if direction == "bullish" else "above"
    assert gate.text == f"The entry at 99 must lie {side} the close at 100."


def broken(stage: Stage, candles: int, **asked: object) -> tuple[Fact | None, list[Gate]]:
    gates: list[Gate] = []
    view = stage.seen(EVERYTHING)
    found = trade_gates.fresh_break(gates, view, "5m", candles, None, told=True, **asked)  # type: ignore[arg-type]  # of the case
    return found, gates


def test_a_break_is_fresh_for_as_many_closes_as_are_asked() -> None:
    """SIG-7: the age and its bound are in the gate."""
    at = SWEEP_REVERSAL.at
    for closes, fresh in ((2, True), (3, False)):
        stage = SWEEP_REVERSAL.change("choch", confirmed_at=at - closes * 5 * MINUTE, formed_at=at - 60 * MINUTE)
        found, gates = broken(stage, 3)
        assert (found is not None) == fresh
        last = gates[-1]
        assert (last.name, last.passed, last.value, last.limit, last.unit) == ("break_fresh", fresh, closes, 3, "closes")
        assert last.text == f"It is {closes} closes old; it counts while younger than 3."


def test_a_break_before_the_swing_or_of_another_kind_is_none() -> None:
    assert failed(broken(JUDAS, 3, after=JUDAS.at)[1]) == ("no_shift",)
    assert failed(broken(JUDAS.change("choch", kind="bos"), 3)[1]) == ("no_shift",)
    assert failed(broken(JUDAS.change("choch", kind="bos"), 3, turned=False)[1]) == ()
    assert [gate.text for gate in broken(JUDAS.drop("choch"), 3)[1]] == ["Structure on 5m has not broken yet."]
