"""What execution refuses, repeats, freezes, waits for and asks again."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from execution_desk import BTC, ETH, INSTRUMENTS, KEY, MINUTE, Desk, bundle, clone, intent
from execution_exchange import FakeExchange

from services.execution.core import ExecutionCore
from services.execution.protection import unprotected
from services.execution.settings import ExecutionSettings
from shared.domain.account import AccountReport
from shared.domain.control import Alert, ClockTick, Control, Micro
from shared.domain.exchange import ExchangeRequests, PlaceOrder
from shared.domain.ids import client_order_id, derive
from shared.domain.orders import StepReport, Verdict, VerdictBundle


def control(command: str, name: str = "c1") -> Control:
    return Control(id=name, command=command, by="me", reason="a test")


def core(settings: ExecutionSettings | None = None) -> ExecutionCore:
    return ExecutionCore(INSTRUMENTS, settings or ExecutionSettings(), KEY)


# -- verdicts -------------------------------------------------------------------------------------------------------------


def test_an_empty_approval_key_is_refused() -> None:
    """Invariant 5."""
    with pytest.raises(ValueError, match="approval key"):
        ExecutionCore(INSTRUMENTS, ExecutionSettings(), "")


def test_all_entries_of_a_close_leave_in_one_request_with_derived_ids() -> None:
    """EXEC-2."""
    outputs = core().handle(bundle(intent("a"), intent("b", ETH, side="sell")))
    assert [type(output) for output in outputs] == [ExchangeRequests]
    sent = outputs[0]
    assert (sent.id, sent.time) == (derive("verdict", MINUTE), MINUTE)
    assert [(r.order.client_id, r.order.side, r.order.type, r.order.quantity) for r in sent.requests] == [
        (client_order_id("a", "entry"), "buy", "MARKET", Decimal(2)),
        (client_order_id("b", "entry"), "sell", "MARKET", Decimal(2)),
    ]


def test_exits_close_the_position_at_the_intents_prices() -> None:
    """EXEC-3: close_position covers what is there, and takes no quantity (-4137)."""
    desk = Desk()
    desk.verdict(intent())
    stop, target = (request.order for request in desk.of(ExchangeRequests)[1].requests)
    assert (stop.type, stop.side, stop.trigger, stop.close_position) == ("STOP_MARKET", "sell", Decimal(95), True)
    assert (target.type, target.side, target.trigger, target.close_position) == (
        "TAKE_PROFIT_MARKET", "sell", Decimal(110), True,
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


# -- reports --------------------------------------------------------------------------------------------------------------


def test_reports_of_steps_and_closes_do_not_wait_for_each_other() -> None:
    """A step that needs nothing is reported while the entry of a close has no answer, and the close when it has."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    assert [type(output) for output in one.handle(exchange.step(2 * MINUTE))] == [AccountReport]
    (exits,) = one.handle(exchange.answer(entry))
    assert one.handle(exchange.answer(exits)) == [
        StepReport(close_time=MINUTE, placed=tuple(client_order_id("i1", leg) for leg in ("entry", "stop", "target")))
    ]


def test_a_step_report_waits_for_protection_that_a_step_brought_on() -> None:
    """The fill is heard with a market step, before the answer to the entry: the stop still belongs to the close."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    reply = exchange.answer(entry)
    news = msgspec.structs.replace(reply, reply_to="", time=2 * MINUTE)
    exits, account = one.handle(news)
    assert (type(exits), type(account)) == (ExchangeRequests, AccountReport)
    assert one.handle(reply) == []
    (report,) = one.handle(exchange.answer(exits))
    assert len(report.placed) == 3


def test_reports_that_wait_leave_in_order() -> None:
    """Two steps while a cancel has no answer: both reports, in order, and the trade in the first of them."""
    desk = Desk()
    desk.verdict(intent())
    exchange, one = desk.exchange, desk.core
    cancel = one.handle(exchange.step(2 * MINUTE, [("trigger", client_order_id("i1", "stop"))]))
    assert [type(output) for output in cancel] == [ExchangeRequests]
    assert one.handle(exchange.step(3 * MINUTE)) == []
    first, second = one.handle(exchange.answer(cancel[0]))
    assert (first.time, second.time) == (2 * MINUTE, 3 * MINUTE)
    assert ([t.state for t in first.closed_trades], second.closed_trades) == (["closed"], ())


def test_closes_that_wait_are_reported_in_order() -> None:
    """The later close has nothing to wait for, and still waits its turn."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    assert one.handle(VerdictBundle(close_time=2 * MINUTE, verdicts=())) == []
    (exits,) = one.handle(exchange.answer(entry))
    reports = one.handle(exchange.answer(exits))
    assert [report.close_time for report in reports] == [MINUTE, 2 * MINUTE]


def test_the_guard_names_a_position_whose_stop_is_not_answered_yet() -> None:
    """Invariant 4: between the fill and the answer the guard names the symbol."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    (exits,) = one.handle(exchange.answer(entry))
    assert unprotected(one.state) == [BTC]
    one.handle(exchange.answer(exits))
    assert unprotected(one.state) == []


# -- repeats --------------------------------------------------------------------------------------------------------------


def test_everything_repeated_changes_nothing() -> None:
    """EXEC-2, invariant 3: each message of a whole trade, given again at once and at the end."""
    desk, heard = Desk(), []
    desk.hear = lambda message, outputs: heard.append(message)
    desk.verdict(intent())
    desk.give(control("halt"))
    desk.step(("foreign", BTC))
    desk.step(("trigger", "target"))
    before = desk.core.snapshot()
    for message in heard:
        assert desk.core.handle(message) == []
    assert desk.core.snapshot() == before


def test_the_same_state_and_message_give_the_same_bytes() -> None:
    """EXEC-2: request ids come from content."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    two, reply = clone(one), exchange.answer(entry)
    assert one.handle(reply) == two.handle(reply)
    assert one.snapshot() == two.snapshot()


# -- strangers and mismatches -----------------------------------------------------------------------------------------------


def test_a_foreign_order_is_told_once_and_left_alone() -> None:
    """EXEC-4: never adopted, whatever is heard of it."""
    desk = Desk()
    desk.step(("foreign", BTC))
    for _ in range(3):
        desk.now += MINUTE
        order = min(desk.exchange.foreign)
        news = desk.exchange.step(desk.now, [("foreign", BTC)])
        desk.give(
            msgspec.structs.replace(news, orders=tuple(msgspec.structs.replace(o, client_id=order) for o in news.orders))
        )
    assert desk.alerts == [("warning", "foreign")]
    assert desk.trail == []


def test_a_foreign_fill_is_told_and_not_booked() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.verdict(intent())
    desk.step(("liquidate", BTC))
    liquidation = next(order for order in desk.exchange.orders.values() if order.client_id.startswith("autoclose-"))
    stray = msgspec.structs.replace(desk.exchange.step(4 * MINUTE), orders=(liquidation,))
    desk.give(stray)  # the exchange repeats itself after the trade is over
    assert ("warning", "foreign") not in desk.alerts
    other = Desk()
    news = desk.exchange.step(5 * MINUTE)
    fill = msgspec.structs.replace(_some_fill(desk), client_id="web_9", id="f-x")
    other.give(msgspec.structs.replace(news, fills=(fill,)))
    assert other.alerts == [("warning", "foreign")]


def _some_fill(desk: Desk):
    exchange = FakeExchange()
    (entry,) = core().handle(bundle(intent()))
    return exchange.answer(entry).fills[0]


def test_the_memory_of_foreign_ids_is_bounded() -> None:
    """Invariant 6."""
    desk = Desk(settings=ExecutionSettings(foreign_remembered=3))
    for _ in range(10):
        desk.step(("foreign", BTC))
    assert len(desk.core.state.foreign) == 3


def test_a_position_that_is_not_ours_freezes_the_symbol_until_rearmed() -> None:
    """EXEC-4, invariant 7: no further intent there; other symbols go on; frozen again while it stays."""
    desk = Desk()
    desk.step(("outside_open", BTC))
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    desk.verdict(intent("a", BTC, 3 * MINUTE), intent("b", ETH, 3 * MINUTE))
    assert [alert.key for alert in desk.of(Alert)][1:] == ["refused.symbol_frozen.a"]
    assert desk.trail[0] == ["+entry"]
    desk.give(control("rearm"))
    assert desk.core.state.frozen == {}
    desk.step()
    assert desk.alerts[-1] == ("critical", "frozen")


def test_a_position_that_differs_from_ours_freezes_and_keeps_its_stop() -> None:
    """EXEC-4: more is held than our trade bought; the stop covers it, the trade goes on."""
    desk = Desk()
    desk.verdict(intent())
    desk.step(("outside_open", BTC))
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    assert len(desk.exchange.resting(BTC)) == 2
    assert list(desk.core.state.trades) == [BTC]


def test_an_account_that_is_flat_for_one_step_only_is_not_believed() -> None:
    """Invariant 7: a stale account must not take a live stop away."""
    desk = Desk()
    desk.verdict(intent())
    news = desk.exchange.step(2 * MINUTE)
    desk.give(msgspec.structs.replace(news, account=msgspec.structs.replace(news.account, positions=())))
    desk.now = 2 * MINUTE
    desk.step()
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    assert len(desk.exchange.resting(BTC)) == 2


# -- the clock ------------------------------------------------------------------------------------------------------------


def test_what_has_no_answer_is_asked_again_under_the_same_client_ids() -> None:
    """EXEC-2, invariant 7: another request id, so that no lane drops it; the same orders, so that it is a query."""
    one, exchange = core(), FakeExchange()
    (entry,) = one.handle(bundle(intent()))
    assert one.handle(ClockTick(time=10_000)) == []
    assert one.handle(ClockTick(time=12_999)) == []
    (query,) = one.handle(ClockTick(time=13_000))
    assert one.handle(ClockTick(time=13_000)) == []
    assert (query.requests, query.time) == (entry.requests, entry.time)
    assert query.id != entry.id
    reply = exchange.answer(entry)
    (exits,) = one.handle(msgspec.structs.replace(reply, reply_to=query.id))
    assert one.handle(reply) == []
    assert one.state.queries == {}
    assert [type(output) for output in one.handle(exchange.answer(exits))] == [StepReport]


def test_an_exchange_that_stays_silent_freezes_the_symbol_and_then_gets_no_entry_any_more() -> None:
    """Invariant 7: an entry is not left to arrive at any time; the query becomes its cancel."""
    one = core(ExecutionSettings(queries_remembered=2))
    one.handle(bundle(intent()))
    heard = [one.handle(ClockTick(time=n * 3_000)) for n in range(1, 7)]
    assert [[type(output) for output in outputs] for outputs in heard] == [
        [], [ExchangeRequests], [ExchangeRequests, Alert], *[[ExchangeRequests]] * 3,
    ]  # fmt: skip
    words = [[isinstance(r, PlaceOrder) for r in output.requests] for outs in heard[1:] for output in outs[:1]]
    assert words == [[True], [True], [False], [False], [False]]
    assert (list(one.state.frozen), len(one.state.queries)) == ([BTC], 2)


def test_unanswered_exits_and_cancels_are_repeated_as_they_are() -> None:
    """EXEC-3: what protects is wanted for as long as it takes."""
    desk = Desk()
    one, exchange = desk.core, desk.exchange
    (entry,) = one.handle(bundle(intent()))
    (exits,) = one.handle(exchange.answer(entry))
    heard = [output for n in range(1, 6) for output in one.handle(ClockTick(time=n * 3_000))]
    queries = [output for output in heard if isinstance(output, ExchangeRequests)]
    assert [query.requests for query in queries] == [exits.requests] * 4
    one.handle(exchange.answer(queries[-1]))
    (cancel, *_) = one.handle(exchange.step(2 * MINUTE, [("trigger", client_order_id("i1", "stop"))]))
    heard = [output for n in range(6, 11) for output in one.handle(ClockTick(time=n * 3_000))]
    queries = [output for output in heard if isinstance(output, ExchangeRequests)]
    assert [query.requests for query in queries] == [cancel.requests] * 4


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
