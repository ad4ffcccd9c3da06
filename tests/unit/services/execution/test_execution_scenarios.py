"""Whole trades as rows: what the exchange does, what execution sends, and how the trade ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from services.execution.protection import unprotected
from shared.domain.account import AccountReport
from shared.domain.orders import StepReport
from tests.support.execution.desk import BTC, MINUTE, Desk, intent
from tests.support.execution.exchange import Happening, Outcome

D = Decimal


@dataclass(frozen=True)
class Row:
    """``script``: leg → outcome when placed. ``steps``: what happens in each market step after the entry."""

    name: str
    trail: list[list[str]]
    script: dict[str, Outcome] = field(default_factory=dict)
    steps: list[list[Happening]] = field(default_factory=list)
    exit_reason: str | None = None
    result: Decimal | None = None
    alerts: list[tuple[str, str]] = field(default_factory=list)
    expires: int = 15 * MINUTE


# A long of 2 at 100: entry fee 0.1. Stop at 95: -10; target at 110: +20; flatten at 100: 0; fee of each 0.1.
OPENING = [["+entry"], ["+stop", "+target"]]
ROWS = [
    Row(
        "a winner takes its stop away",
        [*OPENING, ["-stop"]],
        steps=[[], [("trigger", "target")], []],
        exit_reason="target",
        result=D("19.8"),
    ),
    Row(
        "a loser takes its target away",
        [*OPENING, ["-target"]],
        steps=[[("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
    ),
    Row(
        "funding belongs to the trade that is held",
        [*OPENING, ["-target"]],
        steps=[[("fund", BTC)], [("fund", BTC), ("trigger", "stop")], [("fund", BTC)]],
        exit_reason="stop",
        result=D("-10.94"),
    ),
    Row(
        "a partly filled entry is protected, and its rest is cancelled when the trade ends",
        [*OPENING, ["-entry", "-target"]],
        script={"entry": "fill_half"},
        steps=[[("trigger", "stop")]],
        exit_reason="stop",
        result=D("-5.1"),
    ),
    Row(
        "a partly filled entry that fills later is covered by the same stop",
        [*OPENING, ["-target"]],
        script={"entry": "fill_half"},
        steps=[[("trigger", "entry")], [("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
    ),
    Row(
        "a partly filled entry that expires is protected",
        [*OPENING, ["-stop"]],
        script={"entry": "fill_half_then_expire"},
        steps=[[("trigger", "target")]],
        exit_reason="target",
        result=D("9.9"),
    ),
    Row(
        "a refused entry ends it", [["+entry"]], script={"entry": "reject"}, steps=[[]], alerts=[("warning", "entry_failed")]
    ),
    Row(
        "an expired entry ends it",
        [["+entry"]],
        script={"entry": "expire"},
        steps=[[]],
        alerts=[("warning", "entry_failed")],
    ),
    Row(
        "a refused stop is tried once more",
        [*OPENING, ["+stop-2"], ["-target"]],
        script={"stop": "reject"},
        steps=[[("trigger", "stop-2")]],
        exit_reason="stop",
        result=D("-10.2"),
        alerts=[("warning", "rejected")],
    ),
    Row(
        "a stop refused twice flattens the position",
        [*OPENING, ["+stop-2"], ["+close-1", "-target"]],
        script={"stop": "reject", "stop-2": "reject"},
        steps=[[]],
        exit_reason="flatten",
        result=D("-0.2"),
        alerts=[("warning", "rejected"), ("warning", "rejected"), ("critical", "stop_refused")],
    ),
    Row(
        "a partly filled entry without a stop: its rest is cancelled before the closing",
        [*OPENING, ["+stop-2"], ["-entry", "+close-1", "-target"]],
        script={"entry": "fill_half", "stop": "reject", "stop-2": "expire"},
        steps=[[]],
        exit_reason="flatten",
        result=D("-0.1"),
        alerts=[("warning", "rejected"), ("critical", "stop_refused")],
    ),
    Row(
        "a closing that fills in part is followed by another",
        [*OPENING, ["+stop-2"], ["+close-1", "-target"], ["+close-2"]],
        script={"stop": "reject", "stop-2": "reject", "close-1": "fill_half_then_expire"},
        steps=[[]],
        exit_reason="flatten",
        result=D("-0.2"),
        alerts=[("warning", "rejected"), ("warning", "rejected"), ("critical", "stop_refused")],
    ),
    Row(
        "a refused closing is tried again, this step and the next",
        [*OPENING, ["+stop-2"], ["+close-1", "-target"], ["+close-2"], ["+close-3"], ["+close-4"]],
        script=dict.fromkeys(("stop", "stop-2", "close-1", "close-2", "close-3"), "reject"),
        steps=[[]],
        exit_reason="flatten",
        result=D("-0.2"),
        alerts=[
            *[("warning", "rejected")] * 2,
            ("critical", "stop_refused"),
            *[("warning", "rejected")] * 3,
            ("critical", "stuck"),
            ("critical", "frozen"),
        ],
    ),
    Row(
        "a refused target leaves the stop, and the trade goes on",
        [*OPENING],
        script={"target": "reject"},
        steps=[[], [("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
        alerts=[("warning", "target_lost")],
    ),
    Row(
        "a target that the exchange drops is told once, and not replaced",
        [*OPENING],
        steps=[[("lose", "target")], [], [("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
        alerts=[("warning", "target_lost")],
    ),
    Row(
        "a stop that the exchange drops is placed anew",
        [*OPENING, ["+stop-2"], ["-stop-2"]],
        steps=[[], [("lose", "stop")], [("trigger", "target")]],
        exit_reason="target",
        result=D("19.8"),
        alerts=[("warning", "stop_lost")],
    ),
    Row(
        "a stop that fills for half and expires is placed anew for the rest",
        [*OPENING, ["+stop-2"], ["-target"]],
        steps=[[("part", "stop")], [("trigger", "stop-2")]],
        exit_reason="stop",
        result=D("-10.2"),
        alerts=[("warning", "stop_lost")],
    ),
    Row(
        "stop and target trigger in one step: the second expires",
        [*OPENING],
        steps=[[("trigger", "stop"), ("trigger", "target")]],
        exit_reason="stop",
        result=D("-10.2"),
    ),
    Row(
        "a liquidation ends the trade and takes both exits away",
        [*OPENING, ["-stop", "-target"]],
        steps=[[("liquidate", BTC)]],
        exit_reason="liquidation",
        result=D("-100.2"),
        alerts=[("critical", "exit_filled")],
    ),
    Row(
        "a position closed by hand: believed at the second step, the exits are taken away",
        [*OPENING, ["-stop", "-target"]],
        steps=[[("outside_close", BTC)], []],
        exit_reason="external",
        result=D("-0.1"),
        alerts=[("critical", "frozen"), ("critical", "unaccounted")],
    ),
    Row(
        "an exit whose fill never arrives ends the trade at the second step, and says so",
        [*OPENING, ["-target"]],
        steps=[[("keep_fill", "stop")], [], []],
        exit_reason="stop",
        result=D("-0.1"),
        alerts=[("critical", "unaccounted")],
    ),
    Row(
        "an entry of which nothing is said is asked for, never sent as another order",
        [["+entry"], ["+entry"], ["+stop", "+target"], ["-target"]],
        script={"entry": "accept_unreported"},
        steps=[[("trigger", "entry")], [("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
    ),
    Row(
        "a stop that was taken in silence is found by asking",
        [*OPENING, ["+stop"], ["-target"]],
        script={"stop": "accept_unreported"},
        steps=[[("trigger", "stop")]],
        exit_reason="stop",
        result=D("-10.2"),
    ),
    Row(
        "silence on both stops flattens",
        [*OPENING, *[["+stop"]] * 3, ["+stop-2", "-stop"], *[["+stop-2"]] * 3, ["+close-1", "-target", "-stop-2"]],
        script={"stop": "drop", "stop-2": "drop"},
        steps=[[]],
        exit_reason="flatten",
        result=D("-0.2"),
        alerts=[("critical", "stop_refused")],
    ),
    Row(
        "an entry that rests is cancelled once its intent has expired",
        [["+entry"], ["-entry"]],
        script={"entry": "accept"},
        steps=[[], []],
        alerts=[("warning", "entry_failed")],
        expires=2 * MINUTE,
    ),
    Row(
        "an entry of which nothing is ever said: asked for, frozen, and cancelled once it has expired",
        [*[["+entry"]] * 4, *[["+entry"]] * 3, ["-entry"]],
        script={"entry": "drop"},
        steps=[[], []],
        alerts=[*[("critical", "stuck"), ("critical", "frozen")], ("critical", "stuck"), ("warning", "entry_failed")],
        expires=2 * MINUTE,
    ),
]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_trade_is_worked_as_the_row_says(row: Row, side: str) -> None:
    """EXEC-2, EXEC-3, EXEC-4: requests, end, result and alerts; one report per step and per close, whatever happens."""
    desk = Desk(row.script)
    desk.verdict(intent(side=side, expires_at=row.expires))
    for happenings in row.steps:
        desk.step(*happenings)
    assert desk.trail == row.trail
    assert sorted(desk.alerts) == sorted(row.alerts)
    assert [trade.exit_reason for trade in desk.closed] == ([row.exit_reason] if row.exit_reason else [])
    if row.result is not None:
        mirrored = row.exit_reason != "liquidation" or side == "BUY"  # a short is liquidated at 50, too: that is a gain
        assert desk.closed[0].result == (row.result if mirrored else D("99.8"))
    assert desk.reports == [("step", MINUTE), *(("account", (n + 2) * MINUTE) for n in range(len(row.steps)))]
    assert unprotected(desk.core.state) == []
    assert not desk.exchange.resting(BTC)


def test_a_closed_trade_states_its_prices_times_and_money_exactly() -> None:
    """EXEC-4: the report of a winner, to the last digit."""
    desk = Desk()
    desk.verdict(intent())
    desk.step()
    desk.step(("trigger", "target"))
    opened, over = desk.of(AccountReport)
    assert [(t.state, t.quantity, t.result, t.closed_at) for t in opened.open_trades] == [("open", D(2), D("-0.1"), 0)]
    assert over.open_trades == ()
    trade = over.closed_trades[0]
    assert (trade.entry_price, trade.exit_price, trade.fees) == (D(100), D(110), D("0.2"))
    assert (trade.intent_id, trade.side, trade.risk_amount, trade.state) == ("i1", "BUY", D(10), "closed")
    assert trade.closed_at == 3 * MINUTE


def test_the_step_report_names_every_order_of_its_close_in_order() -> None:
    """EXEC-3: entry, then protection, retries included."""
    desk = Desk({"stop": "reject"})
    desk.verdict(intent())
    placed = desk.of(StepReport)[0].placed
    assert [desk.legs[client_id] for client_id in placed] == ["entry", "stop", "target", "stop-2"]
