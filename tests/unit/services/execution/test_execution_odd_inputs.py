"""Inputs that no driver should give, or that come when nobody waits for them any more: nothing is lost, nothing doubled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.execution.inputs import Answer, Input, News, Sent, Statement, Withheld
from services.execution.requests import Effects, PlaceOrder, QueryAccount, QueryOrder
from services.execution.settings import ExecutionSettings
from shared.domain.control import Alert
from shared.domain.message import Message
from shared.domain.orders import StepReport
from shared.exchange.model.user_events import Unnamed
from tests.support.execution.desk import BTC, ETH, START, Desk, bundle, control, intent

D = Decimal


def answer(client_id: str, result: Any, act: Any = "place", **more: Any) -> Answer:
    return Answer(kind=act, client_id=client_id, result=result, asked_at=START, **more)


def queried(desk: Desk, effects: Effects) -> set[str]:
    """Symbols of the orders that are asked about."""
    asked = [each.client_id for each in effects.requests if isinstance(each, QueryOrder)]
    return {desk.core.state.orders[client_id].request.symbol for client_id in asked}


def sent(desk: Desk) -> str:
    """Approve an intent whose order has left, and of which the driver says nothing; returns its client id."""
    effects = desk.core.handle(bundle(intent("w1", desk.now)), desk.now)
    (order,) = [each.order for each in effects.requests if isinstance(each, PlaceOrder)]
    desk.core.handle(Sent(client_id=order.client_id), desk.now)
    return order.client_id


@pytest.mark.parametrize(
    "taken",
    [
        answer("icte0000-nobody", "done"),
        Sent(client_id="icte0000-nobody"),
        Withheld(client_id="icte0000-nobody", why="expired"),
        News(event=Unnamed(kind="NEW_KIND", time=START)),
        StepReport(close_time=START),
        control("reset"),
    ],
    ids=["answer", "sent", "withheld", "news of a new kind", "a message of others", "a new session"],
)
def test_an_input_about_nothing_of_ours_changes_nothing(taken: Message | Input) -> None:
    """EXEC-4."""
    desk = Desk()
    desk.enter()
    before = desk.core.snapshot()
    effects = desk.core.handle(taken, desk.now)
    assert (effects.requests, effects.messages) == ([], [])
    assert desk.core.snapshot() == before


def test_a_command_that_is_repeated_acts_once() -> None:
    """Invariant 3: a halt that comes again after the rearm halts nobody."""
    desk = Desk()
    for command, name in (("halt", "c1"), ("rearm", "c2"), ("halt", "c1")):
        desk.driver.give(control(command, name))
    assert desk.core.state.halted is None


def test_ids_of_services_halts_are_remembered_up_to_the_setting() -> None:
    """Invariant 6."""
    desk = Desk(settings=ExecutionSettings(controls_remembered=2))
    for number in range(5):
        desk.driver.give(control("halt", f"c{number}", by="execution", signature=""))
    assert list(desk.core.state.controls) == ["c3", "c4"]


def test_an_event_that_cannot_be_read_asks_for_the_account() -> None:
    """EXEC-4: it may have been about a change."""
    desk = Desk()
    effects = desk.core.handle(News(event=Unnamed(kind="ORDER_TRADE_UPDATE: no id", time=START, readable=False)), desk.now)
    assert effects.requests == [QueryAccount()]


def test_the_first_halt_of_the_exchange_is_the_one_that_is_told() -> None:
    """EXEC-6: two requests under way are refused for two reasons."""
    desk = Desk()
    client_id = sent(desk)
    for code in (-2015, -1002):
        desk.core.handle(answer(client_id, "refused", code=code, message="no", action="halt"), desk.now)
    assert desk.core.state.halted is not None
    assert desk.core.state.halted.code == -2015


def test_a_refused_key_is_told_where_a_person_had_halted_entries() -> None:
    """EXEC-6: no stop can be placed any more, and the pause says nothing of that."""
    desk = Desk()
    client_id = sent(desk)
    desk.core.handle(control("halt"), desk.now)
    refused = answer(client_id, "refused", code=-2015, message="no", action="halt")
    told = [each for each in desk.core.handle(refused, desk.now).messages if isinstance(each, Alert)]
    assert [(each.severity, "-2015" in each.text) for each in told if each.key.startswith("halt.")] == [("critical", True)]
    assert desk.core.state.halted is not None
    assert desk.core.state.halted.code == -2015
    again = desk.core.handle(refused, desk.now).messages
    assert not [each for each in again if isinstance(each, Alert) and each.key.startswith("halt.")]


def test_a_refused_key_is_told_beside_a_halt_by_another_code_once_a_minute() -> None:
    """EXEC-6: a cooling-off of hours must not hide that no stop is taken any more."""
    desk = Desk()
    client_id = sent(desk)
    desk.core.handle(answer(client_id, "refused", code=-4192, message="no", action="halt"), desk.now)
    refused = answer(client_id, "refused", code=-2015, message="no", action="halt")
    told = [
        each.key
        for at in (desk.now, desk.now + 1_000, desk.now + 61_000)
        for each in desk.core.handle(refused, at).messages
        if isinstance(each, Alert) and each.severity == "critical" and "-2015" in each.text
    ]
    assert told == ["halt.-2015"] * 2
    assert desk.core.state.halted is not None
    assert desk.core.state.halted.code == -4192


def test_an_order_that_is_confirmed_without_its_state_stands() -> None:
    """EXEC-4: the answer to a conditional order may only confirm it."""
    desk = Desk()
    client_id = sent(desk)
    desk.core.handle(answer(client_id, "done"), desk.now)
    assert desk.core.state.orders[client_id].status == "NEW"


def test_a_refusal_of_an_order_that_the_stream_has_shown_is_asked_about() -> None:
    """Invariant 7: which of the two is of another attempt nobody can tell here."""
    desk = Desk()
    client_id = sent(desk)
    desk.core.handle(answer(client_id, "done"), desk.now)
    effects = desk.core.handle(answer(client_id, "refused", code=-2010, message="no"), desk.now)
    assert desk.core.state.orders[client_id].status == "NEW"
    assert [each.client_id for each in effects.requests if isinstance(each, QueryOrder)] == [client_id]


def test_a_symbol_whose_orders_were_not_read_is_not_asked_about() -> None:
    """EXEC-4: one symbol that cannot be read leaves the others, and itself, as they are."""
    desk = Desk()
    desk.enter()
    desk.enter("e1", symbol=ETH, close_time=START + 1)
    desk.run(1_000)
    stated = Statement(
        time=desk.now + 5_000,
        asked_at=desk.now + 5_000,
        wallet=D(10_000),
        equity=D(10_000),
        legs=desk.exchange.legs(),
        orders=(),
        listed=frozenset({ETH}),
    )
    effects = desk.core.handle(stated, desk.now + 5_000)
    asked = {
        desk.core.state.orders[each.client_id].request.symbol for each in effects.requests if isinstance(each, QueryOrder)
    }
    assert asked == {ETH}
    whole = desk.core.handle(msgspec.structs.replace(stated, listed=None, asked_at=desk.now + 9_000), desk.now + 9_000)
    assert BTC in {
        desk.core.state.orders[each.client_id].request.symbol for each in whole.requests if isinstance(each, QueryOrder)
    }
