"""Entries that price voids, as tables: candles as rows, beside each what happens to the entry (SIG-7, BT-1).

A buy of 0.02 rests at 49,900 and is void at 50,500; its stop is 49,500, its exits are 50,500 and 51,000. It was decided at
the close of minute 1; price stands at 50,000. Low and high of a closed minute count, after the fills of that minute.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.intents import ExitRung, VerdictBundle
from shared.domain.message import Message
from shared.domain.orders import OrderEvent
from simulator.execution_lane import ExecutionLane
from simulator.settings import SimulatorSettings
from tests.support.simulator.simulated_trader import Row
from tests.unit.simulator.test_execution_lane import FLAT, MINUTE, lane, step, verdict

D = Decimal
RESTS: dict[str, Any] = {
    "kind": "limit", "price": D(49_900), "bound": D(49_900), "rests_until": 10 * MINUTE, "void_at": D(50_500),
}  # fmt: skip
SOLD: dict[str, Any] = {
    "kind": "limit", "side": "SELL", "price": D(50_100), "bound": D(50_100), "stop": D(50_500), "rests_until": 10 * MINUTE,
    "exits": (ExitRung(price=D(49_500), share=D("0.5")), ExitRung(price=D(49_000), share=D("0.5"))), "void_at": D(49_500),
}  # fmt: skip

# what rests -> (open, high, low, close) of minutes 2, 3, …, and what the entry does in each
TABLE: dict[str, tuple[dict[str, Any], list[tuple[Row, list[str]]]]] = {
    "a high at the price voids it": (
        RESTS,
        [((50_000, 50_500, 50_000, 50_400), ["CANCELED voided"]), ((50_400, 50_400, 49_800, 49_800), [])],
    ),
    "a tick short of it": (
        RESTS,
        [((50_000, 50_499.9, 50_000, 50_400), []), ((50_400, 50_400, 49_899, 49_950), ["FILLED 0.02@49900"])],
    ),
    "it fills, then price is there": (
        RESTS,
        [((50_000, 50_000, 49_899, 50_000), ["FILLED 0.02@49900"]), ((50_000, 50_600, 50_000, 50_500), [])],
    ),
    "one minute has both: it has filled": (RESTS, [((50_000, 50_600, 49_850, 50_500), ["FILLED 0.02@49900"])]),
    "the open jumps beyond it": (RESTS, [((50_700, 50_800, 50_600, 50_700), ["CANCELED voided"])]),
    "no price voids it": (
        {**RESTS, "void_at": D(0)},
        [((50_000, 50_600, 50_000, 50_400), []), ((50_400, 50_400, 49_800, 49_950), ["FILLED 0.02@49900"])],
    ),
    "its time is over first": (
        {**RESTS, "rests_until": 2 * MINUTE - 1},
        [((50_000, 50_100, 50_000, 50_000), ["CANCELED expired"]), ((50_000, 50_600, 50_000, 50_400), [])],
    ),
    "a sell, a low at the price": (SOLD, [((50_000, 50_000, 49_500, 49_600), ["CANCELED voided"])]),
    "a sell, a tick short of it": (
        SOLD,
        [((50_000, 50_000, 49_500.1, 49_600), []), ((49_600, 50_101, 49_600, 50_000), ["FILLED 0.02@50100"])],
    ),
}
FREE = SimulatorSettings(slippage_bps=D(0), layer_slippage_bps=D(0), participation=D(1))


def entries(messages: list[Message]) -> list[str]:
    """Status of each change of an entry, with its reason or its fill."""
    told = []
    for each in messages:
        if isinstance(each, OrderEvent) and each.purpose == "entry":
            fill = f"{each.fill.quantity}@{each.fill.price.normalize():f}" if each.fill is not None else ""
            told.append(f"{each.order.status} {each.order.reject_reason}{fill}".strip())
    return told


def rested(verdicts: VerdictBundle, before: Row = FLAT) -> ExecutionLane:
    played = lane(FREE)
    played.handle(step(1, before), MINUTE)
    assert entries(played.handle(verdicts, MINUTE)) == ["NEW"]
    return played


@pytest.mark.parametrize(("what", "rows"), TABLE.values(), ids=TABLE.keys())
def test_the_entry_ends_as_the_table_says(what: dict[str, Any], rows: list[tuple[Row, list[str]]]) -> None:
    """SIG-7: also when the lane starts anew from its snapshot before every minute."""
    played, restarted = rested(verdict(**what)), rested(verdict(**what))
    for minute, (row, happens) in enumerate(rows, start=2):
        told = played.handle(step(minute, row), minute * MINUTE)
        assert entries(told) == happens
        again = lane(FREE)
        again.restore(restarted.snapshot())
        restarted = again
        assert restarted.handle(step(minute, row), minute * MINUTE) == told
    assert restarted.snapshot() == played.snapshot()


def test_the_minute_of_the_decision_voids_nothing() -> None:
    """Invariant 1: price was there before anybody decided; here its step comes after the decision, as in mode paper."""
    played = lane(FREE)
    played.handle(step(1, FLAT), MINUTE)
    early = verdict(2, **RESTS, valid_until=2 * MINUTE)
    assert entries(played.handle(early, MINUTE + 4_000)) == ["NEW"]
    assert entries(played.handle(step(2, (50_000, 50_600, 50_000, 50_000)), 2 * MINUTE)) == []
    assert entries(played.handle(step(3, (50_000, 50_500, 50_000, 50_000)), 3 * MINUTE)) == ["CANCELED voided"]


def test_an_entry_is_not_sent_where_the_close_is_beyond_the_price_that_voids_it() -> None:
    """EXEC-2: judged again at the moment of sending."""
    played = lane(FREE)
    played.handle(step(1, (50_000, 50_600, 50_000, 50_600)), MINUTE)
    (told,) = entries(played.handle(verdict(**RESTS), MINUTE))
    assert told == "REJECTED the price has been where its setup is spent"


def test_a_partly_filled_entry_loses_its_rest_in_the_same_step() -> None:
    """EXEC-3: half of it filled, with its stop and its ladder; the other half is not bought any more."""
    played = lane(SimulatorSettings(slippage_bps=D(0), layer_slippage_bps=D(0), participation=D("0.01")))
    played.handle(step(1, FLAT), MINUTE)
    played.handle(verdict(**RESTS), MINUTE)
    thin = step(2, (50_000, 50_000, 49_899, 50_000))
    thin = replace(thin, candles=tuple(replace(each, volume=1.0) for each in thin.candles))
    assert entries(played.handle(thin, 2 * MINUTE)) == ["PARTIALLY_FILLED 0.010@49900"]
    assert entries(played.handle(step(3, (50_000, 50_500, 50_000, 50_450)), 3 * MINUTE)) == ["CANCELED voided"]
    assert played.driver.core.position("BTCUSDT").quantity == D("0.005")  # half of it left at its first exit
