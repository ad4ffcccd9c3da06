"""Risk's orders: to close everything, until the account is flat; to withdraw entries; refused if they are not risk's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.execution.plans.admission import Quote
from services.execution.requests import PlaceOrder, QueryAccount
from shared.approval.risk_orders import sign
from shared.approval.signing import COMMAND, Realm, Signer
from shared.domain.control import Alert
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.domain.message import Message
from tests.support.approval.pairs import OPERATOR, OWN, REALM, RISK_ORDERS, SIGNER, STRANGER
from tests.support.execution.desk import BTC, ETH, START, D, Desk, bundle, control, core, intent, order

LATE = START + 60_001


def wrapped(one: RiskOrder, way: str, close_time: int = START) -> Message:
    """The order as it comes: by itself, or in a bundle."""
    return one if way == "message" else VerdictBundle(close_time=close_time, verdicts=(), order=one)


def texts(desk: Desk, key: str) -> list[str]:
    return [each.text for each in desk.driver.messages if isinstance(each, Alert) and each.key.startswith(key)]


def holding(**more: Any) -> Desk:
    """Ours in BTC, a person's in ETH."""
    desk = Desk(**more)
    desk.enter()
    desk.run(1_000)
    desk.person(3, ETH)
    desk.run(1_000)
    return desk


@pytest.mark.parametrize("way", ["message", "bundle"])
def test_an_order_of_risk_closes_ours_and_others_positions_and_entries_stay_halted(way: str) -> None:
    """RISK-3, RISK-7: as an operator's flatten; it goes on until a statement shows a flat account."""
    desk = holding()
    desk.driver.give(wrapped(order(), way))
    desk.run(5_000)
    assert (desk.held(BTC), desk.held(ETH)) == (0, 0)
    assert desk.resting(BTC) == desk.resting(ETH) == []
    assert desk.core.state.flattening is None
    assert desk.core.state.halted is not None
    assert "a drawdown" in desk.core.state.halted.why
    assert any("BTCUSDT +2" in text and "ETHUSDT +3" in text for text in texts(desk, "flatten.f1"))


@pytest.mark.parametrize("way", ["message", "bundle"])
def test_all_closes_leave_in_one_step_and_only_the_message_asks_for_a_statement(way: str) -> None:
    """RISK-3, invariant 2: a statement beside the step's would race with it in lock-step."""
    desk = Desk()
    desk.enter("i1")
    desk.run(100)
    desk.enter("i2", symbol=ETH)
    desk.run(1_000)
    requests = desk.core.handle(wrapped(order(), way), desk.now).requests
    assert sorted(each.order.symbol for each in requests if isinstance(each, PlaceOrder)) == [BTC, ETH]
    assert any(isinstance(each, QueryAccount) for each in requests) == (way == "message")


def test_the_message_and_the_bundle_have_one_id_and_are_obeyed_once() -> None:
    """RISK-3: whichever comes first; the other copy is no news."""
    desk = holding()
    desk.driver.give(order(sent_at=START))
    desk.driver.give(wrapped(order(sent_at=START + 1), "bundle"))
    desk.run(5_000)
    assert len(texts(desk, "flatten.f1")) == 1
    assert texts(desk, "risk_order_refused") == []
    closes = [each for each in desk.placed("MARKET") if each.client_id.startswith("icte")]
    assert sorted(each.symbol for each in closes) == [BTC, ETH]


def test_an_order_said_again_after_all_was_closed_closes_nothing_more() -> None:
    """RISK-3: until it knows that the account is flat it goes on saying it; a person may trade by then."""
    desk = holding()
    desk.driver.give(order(sent_at=START))
    desk.run(5_000)
    desk.person(1, ETH)
    desk.driver.give(order(sent_at=START + 5_000))
    desk.run(5_000)
    assert desk.held(ETH) == 1


@pytest.mark.parametrize("way", ["message", "bundle"])
@pytest.mark.parametrize("fault", ["unsigned", "forged"])
def test_an_order_that_risk_did_not_sign_now_closes_nothing_and_is_alerted(fault: str, way: str) -> None:
    """RISK-3, invariant 5: counted each, alerted once a minute."""
    desk = holding()
    signature = "" if fault == "unsigned" else "forged"
    for number in range(3):
        effects = desk.core.handle(wrapped(order(f"x{number}", signature=signature), way, START + number), desk.now)
        assert effects.refused == [f"risk_order_{fault}"]
        desk.driver.messages += effects.messages
    desk.run(5_000)
    assert (desk.held(BTC), desk.held(ETH)) == (2, 3)
    assert desk.core.state.halted is None
    assert len(texts(desk, f"risk_order_refused.{fault}")) == 1


def test_each_fault_of_an_order_is_told_apart_where_signatures_are_verified() -> None:
    """RISK-3: other keys, other realms, other content, too old, too early, and taken before."""
    good = sign(order(signature=""), SIGNER)
    rows = [
        (good, START, None),
        (good, START, "replayed"),
        (msgspec.structs.replace(good, sent_at=START + 1), START, "forged"),
        (msgspec.structs.replace(good, id="f2"), START, "forged"),
        (msgspec.structs.replace(good, reason="another"), START, "replayed"),
        (sign(order("a", signature=""), STRANGER), START, "forged"),
        (sign(order("b", signature=""), Signer(OWN.private, Realm("live", "ict", "main"))), START, "forged"),
        (sign(order("c", signature=""), Signer(OWN.private, Realm("sim", "ict", "other"))), START, "forged"),
        (sign(order("d", signature=""), Signer(OPERATOR.private, REALM, COMMAND)), START, "forged"),
        (msgspec.structs.replace(order("e"), signature=SIGNER.sign(order("e", signature=""))), START, "forged"),
        (order("f", signature=""), START, "unsigned"),
        (sign(order("g", signature=""), SIGNER), LATE, "stale"),
        (sign(order("h", LATE, signature=""), SIGNER), START, "ahead"),
        (good, LATE, "stale"),
    ]
    memory = core().state.orders_of_risk
    assert [RISK_ORDERS.judge(one, memory, now) for one, now, _ in rows] == [fault for _, _, fault in rows]
    assert RISK_ORDERS.judge(sign(order("f1", LATE + 1, signature=""), SIGNER), memory, LATE + 60_001) is None
    assert list(memory.taken) == [order("f1", LATE + 1).message_id]  # what would be stale is forgotten


def test_a_recorded_order_is_refused_and_alerted_and_the_bundle_that_comes_again_is_not() -> None:
    """RISK-3, invariant 3: the broker may deliver a bundle twice."""
    desk = holding()
    bundle = wrapped(order(), "bundle")
    desk.driver.give(bundle)
    effects = desk.core.handle(bundle, desk.now)
    assert (effects.refused, texts(desk, "risk_order_refused")) == (["risk_order_replayed"], [])
    desk.driver.give(order())
    assert len(texts(desk, "risk_order_refused.replayed")) == 1


def test_a_restart_goes_on_closing_and_obeys_a_copy_no_second_time() -> None:
    """RISK-3, EXEC-2: what was obeyed is part of the state."""
    desk = holding()
    desk.core.handle(order(), desk.now)
    again = core()
    again.restore(desk.core.snapshot())
    assert again.state.flattening is not None
    assert again.handle(order(sent_at=START + 1), desk.now).messages == []


def test_a_core_whose_store_was_emptied_obeys_the_next_copy() -> None:
    """RISK-3: that is why every bundle has it."""
    desk = holding()
    desk.driver.give(order())
    desk.driver.restart(None)
    desk.run(2_500, step=500)
    desk.driver.give(wrapped(order(sent_at=START + 1), "bundle"))
    desk.run(8_000, step=500)
    assert (desk.held(BTC), desk.held(ETH)) == (0, 0)


def test_a_rearm_ends_no_flatten_of_risk() -> None:
    """RISK-3: FLATTEN ends when nothing is held, in risk and here; then `ict rearm` is of use."""
    desk = holding()
    desk.core.handle(order(), desk.now)
    desk.driver.give(control("flatten", "c1"))
    desk.driver.give(control("rearm", "c2"))
    assert desk.core.state.flattening is not None
    assert desk.core.state.halted is not None
    assert any("FLATTEN" in text for text in texts(desk, "control.c2"))
    desk.run(8_000, step=500)
    assert (desk.held(BTC), desk.held(ETH)) == (0, 0)
    desk.driver.give(control("rearm", "c3"))
    assert desk.core.state.halted is None


def test_a_flatten_of_an_operator_ends_by_a_rearm_as_before() -> None:
    """RISK-7."""
    desk = holding()
    desk.core.handle(control("flatten", "c1"), desk.now)
    desk.core.handle(control("rearm", "c2"), desk.now)
    assert desk.core.state.flattening is None


# -- withdraw ---------------------------------------------------------------------------------------------------------


def withdraw(decided_at: int, **changes: Any) -> RiskOrder:
    return order("w1", kind="withdraw", decided_at=decided_at, sent_at=decided_at, **changes)


@pytest.mark.parametrize("way", ["message", "bundle"])
def test_a_withdrawal_ends_what_rests_and_leaves_trades_protected(way: str) -> None:
    """RISK-3: an entry that was approved before the day's halt does not fill after it."""
    desk = Desk()
    desk.enter("i1", symbol=ETH)
    desk.run(100)
    desk.enter("i2", kind="limit", price=D(97), bound=D(97), rests_until=START + 600_000)
    desk.run(1_000)
    assert desk.resting(BTC)
    stop = desk.stop(ETH)
    desk.driver.give(wrapped(withdraw(desk.now), way, desk.now))
    desk.run(2_000)
    assert desk.resting(BTC) == []
    assert (desk.stop(ETH), desk.held(ETH)) == (stop, 2)
    assert desk.core.state.halted is None
    assert any("risk takes no entries any more" in text for text in texts(desk, "withdrawn.w1"))


def test_an_intent_of_before_is_refused_when_it_comes_and_when_it_is_sent_and_a_later_one_is_taken() -> None:
    """RISK-3: intents and orders of risk come in two queues."""
    desk = Desk()
    late, waits = intent("late", START, BTC), intent("waits", START, ETH)
    desk.core.handle(bundle(waits), desk.now)
    (waiting,) = [each.client_id for each in desk.core.state.orders.values()]
    desk.core.handle(withdraw(START), desk.now)
    assert desk.core.handle(bundle(late, close_time=START + 1), desk.now).refused == ["withdrawn"]
    assert desk.core.state.orders[waiting].status == "REJECTED"
    assert desk.core.confirm(waiting, Quote(time=desk.now, bid=D(100), ask=D(100)), desk.now) is not None
    after = msgspec.structs.replace(late, id="after", decided_at=START + 1)
    assert desk.core.handle(bundle(after, close_time=START + 2), desk.now).refused == []


def test_a_withdrawal_that_is_repeated_or_older_is_no_news() -> None:
    """RISK-3: risk says it again for as long as something is held."""
    desk = holding()
    for at in (START + 5, START + 5, START + 4):
        desk.driver.give(order("w1", kind="withdraw", decided_at=at, sent_at=desk.now + at - START))
        desk.run(10)
    assert desk.core.state.withdrawn_until == START + 5
    assert len(texts(desk, "withdrawn")) == 1


def test_a_withdrawal_survives_a_restart() -> None:
    """Invariant 5."""
    desk = Desk()
    desk.core.handle(withdraw(START), desk.now)
    other = core()
    other.restore(desk.core.snapshot())
    assert other.handle(bundle(intent("i1", START)), desk.now).refused == ["withdrawn"]
