"""Who may lead an account, by what the account shows: the table by hand, and what a leader does when another shows up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from services.execution.inputs import News
from services.execution.leading import RECENT_MS, VERDICTS, Sign, Verdict, another, is_at_work, may_lead
from shared.domain.client_ids import client_order_id, lineage, of_another_deployment
from shared.domain.order_words import OrderStatus
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import OrderUpdate
from tests.support.execution.desk import ETH, LINEAGE, Desk, control, operators

NOW = 1_764_000_000_000
OURS = client_order_id("e", LINEAGE, "i1", "entry")
THEIRS = client_order_id("e", lineage("testnet", "another"), "i1", "entry")


def order(client_id: str, at: int = NOW) -> Sign:
    return Sign("order", client_id, "BTCUSDT", at)


def fill(client_id: str, at: int = NOW) -> Sign:
    return Sign("fill", client_id, "BTCUSDT", at)


@pytest.mark.parametrize(
    ("signs", "holds", "verdict", "named"),
    [
        ((), False, "lead", ""),
        ((), True, "lead", ""),
        ((order(OURS), fill(OURS)), False, "lead", ""),
        ((order("web_1"), fill("web_2"), order("autoclose-1")), False, "lead", ""),
        ((order(operators("g")), order(operators("o"))), False, "lead", ""),
        ((order(THEIRS),), False, "stand_by", THEIRS),
        ((order(THEIRS, NOW - 10 * RECENT_MS),), False, "stand_by", THEIRS),
        ((order(THEIRS),), True, "protect", THEIRS),
        ((fill(THEIRS, NOW - RECENT_MS),), False, "stand_by", THEIRS),
        ((fill(THEIRS, NOW - RECENT_MS - 1),), False, "lead", ""),
        ((fill(THEIRS),), True, "protect", THEIRS),
        ((order(OURS), fill(OURS), fill(THEIRS, NOW - 5)), False, "stand_by", THEIRS),
    ],
)
def test_orders_and_fills_on_the_account_decide_who_leads(
    signs: tuple[Sign, ...], holds: bool, verdict: Verdict, named: str
) -> None:
    """EXEC-4: an open order or a recent fill of another deployment forbids leading; a trade of ours is protected."""
    sign = another(signs, LINEAGE, NOW)
    assert may_lead(sign, holds=holds) == verdict
    assert (sign.client_id if sign else "") == named


def test_an_open_order_counts_more_than_a_fill_and_the_newest_most() -> None:
    """EXEC-4: a person is told the sign that he can find in the app."""
    newest = order(client_order_id("e", "zzzz", "i9", "stop"), NOW - 1)
    sign = another((fill(THEIRS), order(THEIRS, NOW - 2), newest), LINEAGE, NOW)
    assert sign == newest
    assert newest.client_id in newest.text


def test_every_case_has_a_verdict_and_only_one_of_them_sends_beside_another() -> None:
    """EXEC-4: whoever sees another has entries at no time."""
    assert set(VERDICTS) == {(seen, holds) for seen in (True, False) for holds in (True, False)}
    assert {verdict for (seen, _), verdict in VERDICTS.items() if seen} == {"protect", "stand_by"}
    assert [case for case, verdict in VERDICTS.items() if verdict == "protect"] == [(True, True)]


def test_another_deployment_is_known_by_its_ids_and_nobody_else_is() -> None:
    """EXEC-4: persons, guardian and exchange are no deployment."""
    found = [
        of_another_deployment(each, LINEAGE)
        for each in (THEIRS, OURS, operators("g"), operators("o"), "web_1", "autoclose-1", THEIRS[:-1], "")
    ]
    assert found == [True, *[False] * 7]


def test_an_order_of_another_deployment_halts_entries_and_is_told_once() -> None:
    """EXEC-4: what is held stays protected; a person ends one of the two and re-arms."""
    desk = Desk()
    desk.enter()
    desk.person_stop(50, THEIRS, symbol=ETH)
    desk.run(10_000)
    assert desk.core.state.halted is not None
    assert THEIRS in desk.core.state.halted.why
    assert desk.alerts.count("rival") == 1
    assert (desk.state, desk.stop() is not None) == ("open", True)
    desk.core.handle(control("rearm"), desk.driver.now)
    desk.run(10_000)
    assert desk.core.state.halted is None, "the same order does not halt again"
    another_order = client_order_id("e", lineage("testnet", "another"), "i2", "entry")
    desk.person(1, symbol=ETH, client_id=another_order)
    desk.run(100)
    assert desk.core.state.halted is not None


@pytest.mark.parametrize(
    ("status", "age", "at_work"),
    [
        ("NEW", 10 * RECENT_MS, True),
        ("PARTIALLY_FILLED", 0, True),
        ("FILLED", RECENT_MS, True),
        ("FILLED", RECENT_MS + 1, False),
        ("CANCELED", RECENT_MS + 1, False),
    ],
)
def test_another_deployment_is_at_work_while_an_order_is_open_or_ended_lately(
    status: OrderStatus, age: int, at_work: bool
) -> None:
    """EXEC-4: a deployment that was retired leaves fills that are read much later; they halt nothing."""
    stated = ExchangeOrder(
        symbol=ETH, id=1, client_id=THEIRS, book="plain", side="BUY", type="LIMIT", status=status, quantity=Decimal(1),
        executed=Decimal(0), updated_at=NOW - age,
    )  # fmt: skip
    assert is_at_work(stated, NOW) is at_work
    desk = Desk()
    now = desk.driver.now
    update = OrderUpdate(order=replace(stated, updated_at=now - age), execution="NEW", time=now)
    desk.core.handle(News(event=update), now)
    assert (desk.core.state.halted is not None) is at_work
