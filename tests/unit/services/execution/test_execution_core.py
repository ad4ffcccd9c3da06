"""What execution refuses, obeys and forgets."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from services.execution.core import ExecutionCore
from services.execution.protection import unprotected
from services.execution.settings import ExecutionSettings
from shared.domain.control import Alert, Micro
from shared.domain.exchange import ExchangeRequests
from shared.domain.ids import client_order_id, derive
from shared.domain.orders import StepReport, Verdict, VerdictBundle
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, MINUTE, Desk, bundle, control, core, intent

# -- verdicts -------------------------------------------------------------------------------------------------------------


def test_an_empty_approval_key_is_refused() -> None:
    """Invariant 5."""
    with pytest.raises(ValueError, match="approval key"):
        ExecutionCore(INSTRUMENTS, ExecutionSettings(), "")


def test_all_entries_of_a_close_leave_in_one_request_with_derived_ids() -> None:
    """EXEC-2."""
    outputs = core().handle(bundle(intent("a"), intent("b", ETH, side="SELL")))
    assert [type(output) for output in outputs] == [ExchangeRequests]
    sent = outputs[0]
    assert (sent.id, sent.time) == (derive("verdict", MINUTE), MINUTE)
    assert [(r.order.client_id, r.order.side, r.order.type, r.order.quantity) for r in sent.requests] == [
        (client_order_id("a", "entry"), "BUY", "MARKET", Decimal(2)),
        (client_order_id("b", "entry"), "SELL", "MARKET", Decimal(2)),
    ]


def test_exits_close_the_position_at_the_intents_prices() -> None:
    """EXEC-3: close_position covers what is there, and takes no quantity (-4137)."""
    desk = Desk()
    desk.verdict(intent())
    stop, target = (request.order for request in desk.of(ExchangeRequests)[1].requests)
    assert (stop.type, stop.side, stop.trigger, stop.close_position) == ("STOP_MARKET", "SELL", Decimal(95), True)
    assert (target.type, target.side, target.trigger, target.close_position) == (
        "TAKE_PROFIT_MARKET", "SELL", Decimal(110), True,
    )  # fmt: skip
    assert stop.quantity == target.quantity == 0
    assert not stop.reduce_only
    assert not target.reduce_only


def test_nothing_to_send_is_reported_at_once() -> None:
    """One StepReport per close, also when nothing happened."""
    refused = msgspec.structs.replace(bundle(intent()), verdicts=())
    assert core().handle(refused) == [StepReport(close_time=MINUTE)]


REFUSED = [
    ("bad_signature", "critical", bundle(intent(), key="another key")),
    ("expired", "warning", bundle(intent(expires_at=MINUTE - 1))),
    ("unknown_symbol", "critical", bundle(intent(symbol="XRPUSDT"))),
    ("invalid_prices", "critical", bundle(intent(stop=Decimal("95.05")))),
    ("invalid_prices", "critical", bundle(intent(target=Decimal("110.01")))),
    ("invalid_prices", "critical", bundle(intent(stop=Decimal(110), target=Decimal(95)))),
    ("invalid_prices", "critical", bundle(intent(quantity=Decimal("1.0001")))),
    ("invalid_prices", "critical", bundle(intent(quantity=Decimal("0.0005")))),
    ("invalid_prices", "critical", bundle(intent(stop=Decimal(-1)))),
]


@pytest.mark.parametrize(("why", "severity", "verdicts"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_an_intent_that_may_not_be_entered_is_refused_with_an_alert(
    why: str, severity: str, verdicts: VerdictBundle
) -> None:
    """Invariant 5: nothing leaves, a person hears why, the close is reported."""
    report, alert = core().handle(verdicts)
    assert report == StepReport(close_time=MINUTE)
    assert (alert.severity, alert.key) == (severity, f"refused.{why}.i1")


def test_a_changed_intent_does_not_pass_under_the_signature_of_another() -> None:
    """Invariant 5: the signature binds every field."""
    signed = bundle(intent()).verdicts[0]
    forged = msgspec.structs.replace(signed, intent=intent(quantity=Decimal(20)))
    outputs = core().handle(VerdictBundle(close_time=MINUTE, verdicts=(forged,)))
    assert [output.key for output in outputs if isinstance(output, Alert)] == ["refused.bad_signature.i1"]
    assert not [output for output in outputs if isinstance(output, ExchangeRequests)]


def test_a_bad_intent_does_not_keep_the_good_one_beside_it() -> None:
    """Invariant 5: each intent is judged for itself."""
    good = bundle(intent("good"))
    bad = bundle(intent("bad", ETH), key="x")
    requests, alert = core().handle(VerdictBundle(close_time=MINUTE, verdicts=(*bad.verdicts, *good.verdicts)))
    assert [request.order.symbol for request in requests.requests] == [BTC]
    assert alert.severity == "critical"


def test_a_second_trade_in_a_symbol_is_refused() -> None:
    """EXEC-3: its exits would close the first one too."""
    desk = Desk()
    desk.verdict(intent("a"), intent("b"))
    desk.verdict(intent("c", close_time=2 * MINUTE))
    assert [alert.key for alert in desk.of(Alert)] == ["refused.symbol_busy.b", "refused.symbol_busy.c"]


def test_an_intent_is_entered_once_even_in_a_later_bundle() -> None:
    """EXEC-2: also after its trade is over and forgotten."""
    desk = Desk()
    desk.verdict(intent())
    desk.step(("trigger", "stop"))
    desk.verdict(intent(), close_time=5 * MINUTE)
    assert desk.alerts == [("warning", "refused")]
    assert len(desk.exchange.placed) == 3


# -- the operator ---------------------------------------------------------------------------------------------------------


def test_halted_takes_no_entry_and_still_works_the_exits() -> None:
    """RISK-3, EXEC-3."""
    desk = Desk()
    desk.verdict(intent())
    desk.give(control("halt"))
    desk.verdict(intent("b", ETH, 2 * MINUTE))
    assert ("warning", "refused") in desk.alerts
    desk.step(("trigger", client_order_id("i1", "target")))
    assert desk.trail == [["+entry"], ["+stop", "+target"], ["-stop"]]
    desk.give(control("rearm", "c2"))
    desk.verdict(intent("c", ETH, 3 * MINUTE))
    assert desk.trail[3:] == [["+entry"], ["+stop", "+target"]]


def test_a_command_acts_once_and_reset_is_the_lanes() -> None:
    """A resent halt does not undo the re-arming that came after it."""
    one = core()
    assert len(one.handle(control("halt", "c1"))) == 1
    one.handle(control("rearm", "c2"))
    assert one.handle(control("halt", "c1")) == []
    assert one.handle(control("reset", "c3")) == []
    assert not one.state.halted


def test_messages_of_others_are_none_of_its_business() -> None:
    micro = Micro(symbol=BTC, time=1, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)
    assert core().handle(micro) == []


# -- memory ---------------------------------------------------------------------------------------------------------------


def test_a_finished_trade_leaves_nothing_but_its_ids() -> None:
    """Invariant 6: bounded windows of ids, nothing else."""
    desk = Desk(settings=ExecutionSettings(ids_remembered=64))
    for n in range(1, 40):
        desk.now = desk.now + MINUTE
        desk.verdict(intent(f"i{n}", close_time=max(desk.now, MINUTE)))
        desk.legs = {client_order_id(f"i{n}", leg): leg for leg in ("entry", "stop", "target")}
        desk.trail.clear()
        desk.step(("trigger", "stop"))
    state = desk.core.state
    assert (state.trades, state.requests, state.closed, state.steps_due, state.accounts_due) == ({}, {}, [], [], [])
    assert (len(state.gone), len(state.intents)) == (64, 39)
    assert len(desk.closed) == 39


def test_a_position_that_cannot_be_closed_does_not_grow_without_end() -> None:
    """Invariant 6: refused closings are forgotten; each step tries again, and the stuck trade is told."""
    script = dict.fromkeys(("stop", "stop-2", *(f"close-{n}" for n in range(1, 40))), "reject")
    desk = Desk(script)
    desk.verdict(intent())
    for _ in range(8):
        desk.step()
    assert len(desk.core.state.trades[BTC].orders) <= 8
    assert desk.core.state.trades[BTC].state == "closing"
    assert [key for _, key in desk.alerts].count("stuck") == 9
    assert unprotected(desk.core.state) == [BTC]


def test_a_cancel_that_the_exchange_does_not_follow_is_repeated_and_then_told() -> None:
    """Invariant 4: an exit that will not go away is no secret; each step tries again."""
    desk = Desk()
    desk.verdict(intent())
    exchange = desk.exchange
    exchange._cancel = lambda request: exchange._said.append(exchange.orders[request.client_id])
    desk.step(("trigger", "target"))
    assert desk.trail[2:] == [["-stop"]] * 3
    assert [key for _, key in desk.alerts] == ["stuck", "frozen"]
    del exchange._cancel
    desk.step()
    assert [trade.exit_reason for trade in desk.closed] == ["target"]


def test_a_verdict_that_risk_refused_is_no_order() -> None:
    """RISK-2: nothing to enter, nothing to alert; the close is reported."""
    refused = Verdict(decision_id="d", symbol=BTC, refusals=("daily_loss",))
    assert core().handle(VerdictBundle(close_time=MINUTE, verdicts=(refused,))) == [StepReport(close_time=MINUTE)]
