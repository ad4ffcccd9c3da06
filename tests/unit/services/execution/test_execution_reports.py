"""When execution reports, what repeats change, and how it asks for what has no answer."""

from __future__ import annotations

import msgspec

from services.execution.protection import unprotected
from services.execution.settings import ExecutionSettings
from shared.domain.account import AccountReport
from shared.domain.control import Alert, ClockTick
from shared.domain.exchange import ExchangeRequests, PlaceOrder
from shared.domain.ids import client_order_id
from shared.domain.orders import StepReport, VerdictBundle
from tests.support.execution.desk import BTC, MINUTE, Desk, bundle, clone, control, core, intent
from tests.support.execution.exchange import FakeExchange

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
