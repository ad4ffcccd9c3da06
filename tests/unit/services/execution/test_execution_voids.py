"""Entries that price voids while they rest: cancelled, with the word for it, whatever is lost or races (SIG-7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.execution.inputs import Sent, Traded
from services.execution.plans.admission import Quote
from services.execution.plans.plan import Plan
from shared.domain.control import Alert
from shared.domain.intents import ExitRung
from shared.domain.orders import OrderEvent
from tests.support.execution.desk import BTC, ETH, START, Desk, bundle, intent

D = Decimal
RESTS: dict[str, Any] = {
    "kind": "limit", "price": D(99), "bound": D(99), "rests_until": START + 60_000, "void_at": D(108),
}  # fmt: skip


def resting(**changes: Any) -> Desk:
    """A buy of 2 rests at 99 while the market stands at 100; at 108 it is void."""
    desk = Desk()
    desk.enter(**{**RESTS, **changes})
    desk.run(200)
    assert len(desk.resting()) == 1
    return desk


def plan_of(desk: Desk) -> Plan:
    plan = desk.plan()
    assert plan is not None
    return plan


def ends(desk: Desk) -> list[tuple[str, str]]:
    """Status and reason of the entry's last change."""
    told = [each.order for each in desk.driver.messages if isinstance(each, OrderEvent) and each.purpose == "entry"]
    return [(each.status, each.reject_reason) for each in told[-1:]]


def at(price: str, since: int = START, symbol: str = BTC) -> Traded:
    return Traded(symbol=symbol, low=D(price), high=D(price), since=since)


# side, where it rests and is void, prices -> what rests then, and how the entry ended
TABLE = {
    "price stays short of it": ("BUY", "99", "108", ["104", "107.9"], 1, ("NEW", "")),
    "the ask is there, the bid is not": ("BUY", "99", "108", ["108"], 1, ("NEW", "")),
    "the bid is there": ("BUY", "99", "108", ["108.01"], 0, ("CANCELED", "voided")),
    "price jumps beyond it": ("BUY", "99", "108", ["120"], 0, ("CANCELED", "voided")),
    "price comes back afterwards": ("BUY", "99", "108", ["109", "99.5", "95"], 0, ("CANCELED", "voided")),
    "price falls into it first": ("BUY", "99", "108", ["98", "109"], 0, ("FILLED", "")),
    "a sell, short of it": ("SELL", "101", "92", ["92.02"], 1, ("NEW", "")),
    "a sell, the ask is there": ("SELL", "101", "92", ["91.99"], 0, ("CANCELED", "voided")),
    "no price voids it": ("BUY", "99", "0", ["120"], 1, ("NEW", "")),
}


@pytest.mark.parametrize(("side", "price", "void_at", "moves", "rest", "end"), TABLE.values(), ids=TABLE.keys())
def test_an_entry_ends_when_price_reaches_where_it_is_void(side, price, void_at, moves, rest, end) -> None:
    """SIG-7, EXEC-1."""
    far = (ExitRung(price=D(130) if side == "BUY" else D(70)),)
    desk = resting(side=side, price=D(price), bound=D(price), void_at=D(void_at), exits=far)
    for each in moves:
        desk.price(each)
        desk.run(200)
    assert len([each for each in desk.resting() if each.type == "LIMIT"]) == rest
    assert ends(desk) == [end]


def test_a_voided_entry_says_so_and_its_symbol_takes_another_one() -> None:
    """OPS-5, SIG-7: the word is in the alert and in the order's last event."""
    desk = resting()
    desk.price(109)
    desk.run(500)
    (told,) = [each.text for each in desk.driver.messages if isinstance(each, Alert) and "entry_failed" in each.key]
    assert "voided" in told
    assert (desk.state, desk.held()) == ("failed", 0)
    desk.price(100)
    desk.enter("next", close_time=desk.now)
    desk.run(500)
    assert desk.held() == 2


def test_an_entry_whose_time_is_over_says_that_instead() -> None:
    """EXEC-2: the rule of before, with its word."""
    desk = resting(rests_until=START + 1_000)
    desk.run(2_000)
    assert (desk.resting(), ends(desk)) == ([], [("CANCELED", "expired")])


def test_a_partly_filled_entry_loses_its_rest_and_keeps_its_trade() -> None:
    """EXEC-3: what filled has its stop and its ladder."""
    desk = resting()
    desk.exchange.depth = D("0.5")
    desk.price("98.9")
    desk.exchange.depth = D(1_000)
    desk.run(500)
    assert desk.held() == D("0.5")
    desk.price(100)
    desk.price("108.1")
    desk.run(500)
    assert [each for each in desk.resting() if each.type == "LIMIT"] == []
    assert (desk.state, desk.held(), desk.rungs()) == ("open", D("0.5"), [(D(110), D("0.5"))])
    assert desk.stop() is not None


def test_a_fill_that_races_the_cancel_is_a_trade_and_protected() -> None:
    """EXEC-3: the cancel does not arrive in time, and the market takes the entry."""
    desk = resting()
    desk.driver.weather.writes = False
    desk.price("108.1")
    desk.run(300)
    desk.price("98.9")
    desk.driver.weather.writes = True
    desk.run(3_000)
    assert (desk.state, desk.held()) == ("open", 2)
    assert desk.stop() is not None
    desk.run(20_000)
    assert (desk.state, desk.held(), desk.frozen) == ("open", 2, {})


@pytest.mark.parametrize("lost", ["lose_answer", "lose_request", "lose_news"])
def test_a_cancel_of_which_nothing_is_heard_is_asked_for_until_the_entry_is_gone(lost: str) -> None:
    """EXEC-2, invariant 7."""
    desk = resting()
    setattr(desk.driver.weather, lost, 1.0)
    desk.price("108.1")
    desk.run(3_000)
    setattr(desk.driver.weather, lost, 0.0)
    desk.run(6_000)
    assert (desk.resting(), desk.state, desk.held()) == ([], "failed", 0)


def test_a_process_that_dies_before_its_cancel_left_is_followed_by_one_that_cancels() -> None:
    """EXEC-2: price is back where it was; that it had been there is remembered."""
    desk = resting()
    desk.driver.weather.writes = False
    desk.price("108.1")
    snapshot = desk.core.snapshot()
    desk.price(100)
    desk.driver.weather.writes = True
    desk.driver.restart(snapshot)
    desk.run(3_000)
    assert (desk.resting(), desk.state) == ([], "failed")


def test_trading_before_the_decision_voids_nothing() -> None:
    """Invariant 1: a candle that began before the close is not about this entry."""
    desk = resting()
    desk.driver.give(at("120", since=START - 1))
    assert (plan_of(desk).voided, len(desk.resting())) == (False, 1)
    desk.driver.give(at("120"))
    assert desk.resting() == []


def test_an_entry_is_watched_while_it_may_be_voided_and_no_longer() -> None:
    """ARCH: nothing is fed for what no price can void."""
    desk = resting()
    assert (desk.core.watched(BTC), desk.core.watched(ETH)) == (plan_of(desk).intent, None)
    desk.price(109)
    assert desk.core.watched(BTC) is None
    assert resting(void_at=D(0)).core.watched(BTC) is None
    market = Desk()
    market.enter()
    assert market.core.watched(BTC) is None


def test_an_entry_that_is_void_before_it_left_is_not_sent() -> None:
    """EXEC-2: neither one that waits, nor one that is being written."""
    desk = Desk()
    one = intent(**RESTS)
    (request,) = desk.core.handle(bundle(one), START).requests
    good = Quote(time=START, bid=D("99.9"), ask=D("100.1"))
    assert desk.core.confirm(request.order.client_id, good, START) is None
    desk.core.handle(Sent(client_id=request.order.client_id), START)
    desk.core.handle(at("108"), START)
    for quote in (good, None):
        refused = desk.core.confirm(request.order.client_id, quote, START)
        assert refused is not None
        assert refused[0] == "voided"

    waiting = Desk()
    (request,) = waiting.core.handle(bundle(one), START).requests
    effects = waiting.core.handle(at("108"), START)
    assert effects.requests == []
    assert (waiting.state, waiting.core.confirm(request.order.client_id, good, START)) == (
        "failed",
        ("repeated", "it was sent or withheld before"),
    )


def test_an_entry_is_withheld_where_best_bid_or_ask_void_it_at_the_moment_of_sending() -> None:
    """EXEC-2: the same rule, asked once more."""
    desk = Desk()
    desk.price("108.1")
    desk.enter(**RESTS)
    desk.run(500)
    assert (desk.entries(), desk.state) == ([], "failed")


def test_a_price_that_voids_off_the_grid_is_refused() -> None:
    """Invariant 5: as every price of an intent."""
    desk = Desk()
    desk.enter(**{**RESTS, "void_at": D("108.05")})
    assert (desk.entries(), desk.alerts[-1]) == ([], "refused")
