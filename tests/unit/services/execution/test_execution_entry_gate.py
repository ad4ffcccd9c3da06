"""What increases a position: it leaves once, in time, signed, at a price that is still worth it; else it does not leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.execution.inputs import Connected, Leaving, Withheld
from services.execution.plans.admission import Quote
from services.execution.requests import PlaceOrder
from shared.domain.control import Alert
from shared.domain.listing import Closure, InstrumentList
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, START, Desk, bundle, control, intent

D = Decimal
HOURS = 3_600_000


def waiting(desk: Desk, **changes: Any) -> str:
    """Approve an intent whose order waits with a driver that does nothing; returns its client id."""
    effects = desk.core.handle(bundle(intent("w1", desk.now, **changes)), desk.now)
    (order,) = [each.order for each in effects.requests if isinstance(each, PlaceOrder)]
    return order.client_id


def quote(desk: Desk, bid: str, ask: str, age: int = 0) -> Quote:
    return Quote(time=desk.now - age, bid=D(bid), ask=D(ask))


def test_a_signal_that_is_heard_two_hours_late_buys_nothing() -> None:
    """Invariant 5, EXEC-2: the queue of a dead risk is emptied after its return."""
    desk = Desk()
    late = intent("late", START)
    desk.run(2 * HOURS, step=HOURS)
    desk.approve(late)
    assert desk.entries() == []
    assert "refused" in desk.alerts


def test_an_entry_that_waited_for_an_hour_at_the_driver_is_withheld_at_the_moment_of_sending() -> None:
    """Invariant 5, EXEC-2: price fell to 98 meanwhile, under the stop at 99."""
    desk = Desk()
    client_id = waiting(desk, stop=D(99))
    at = Quote(time=START + HOURS, bid=D(98), ask=D("98.01"))
    assert desk.core.confirm(client_id, at, START + HOURS) == ("expired", "it came too late")
    desk.core.handle(Withheld(client_id=client_id, why="expired"), START + HOURS)
    assert desk.core.confirm(client_id, at, START + HOURS) == ("repeated", "it was sent or withheld before")
    assert desk.state == "failed"


def test_a_halt_reaches_an_entry_that_waits() -> None:
    """Invariant 5: a halt ends it, whether it is asked about before or after."""
    desk = Desk()
    client_id = waiting(desk)
    assert desk.core.confirm(client_id, quote(desk, "99.99", "100.01"), desk.now) is None
    desk.driver.give(control("halt"))
    assert desk.core.confirm(client_id, quote(desk, "99.99", "100.01"), desk.now) is not None
    assert desk.entries() == []


@pytest.mark.parametrize(
    ("bid", "ask", "age", "why"),
    [
        ("99.99", "100.01", 6_000, "no_price"),
        ("100.5", "100.6", 0, "price_beyond_bound"),
        ("94.9", "95", 0, "stop_passed"),
        ("99.7", "100", 0, "spread_too_wide"),
    ],
)
def test_the_price_is_asked_again_at_the_moment_of_sending(bid: str, ask: str, age: int, why: str) -> None:
    """EXEC-2: sized for a stop 1 % away, an entry 1 % higher would risk half as much again."""
    desk = Desk()
    refused = desk.core.confirm(waiting(desk), quote(desk, bid, ask, age), desk.now)
    assert refused is not None
    assert refused[0] == why


def test_an_entry_whose_reward_has_gone_is_withheld() -> None:
    """EXEC-2: at 100.5 the last exit at 102 is 1.5 away, the stop 5.5."""
    desk = Desk()
    one = intent("x").exits[0]
    client_id = waiting(desk, exits=(msgspec.structs.replace(one, price=D(102)),))
    refused = desk.core.confirm(client_id, quote(desk, "100.39", "100.4"), desk.now)
    assert refused is not None
    assert refused[0] == "reward_too_small"


def test_without_a_quote_nothing_is_sent() -> None:
    """EXEC-2."""
    desk = Desk()
    refused = desk.core.confirm(waiting(desk), None, desk.now)
    assert refused is not None
    assert refused[0] == "no_price"


def test_an_unsigned_message_buys_nothing() -> None:
    """Invariant 5, EXEC-2."""
    desk = Desk()
    desk.approve(intent(quantity=D("0.5")), signature="forged")
    assert desk.entries() == []
    desk.enter("i2", close_time=START + 1)
    desk.approve(intent("c1", START + 2, purpose="close", about="i2"), signature="forged")
    assert desk.held() == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"valid_until": START + 10 * HOURS}, "implausible_time"),
        ({"leg": "LONG"}, "hedge_leg"),
        ({"quantity": D(2_000)}, "over_cap"),
        ({"quantity": D("0.0005")}, "invalid_prices"),
        ({"bound": D("100.55")}, "invalid_prices"),
        ({"symbol": "XRPUSDT"}, "foreign_symbol"),
    ],
)
def test_an_implausible_intent_is_refused_with_its_reason(changes: dict[str, Any], why: str) -> None:
    """EXEC-2: times, legs, sizes and prices are judged before an order is made."""
    desk = Desk()
    desk.approve(intent(**changes))
    assert desk.entries() == []
    told = [each.key for each in desk.driver.messages if isinstance(each, Alert)]
    assert [key.split(".")[1] for key in told if key.startswith("refused")] == [why]


def test_verdicts_of_a_far_future_do_not_stop_those_of_today() -> None:
    """EXEC-2: what was decided until then is not taken again, so such a message must not count."""
    desk = Desk()
    desk.driver.give(bundle(close_time=START + 100 * HOURS))
    desk.enter("i1", close_time=START + 60_000)
    assert desk.held() == 2


def test_a_verdict_that_comes_twice_buys_once() -> None:
    """Invariant 3."""
    desk = Desk()
    one = intent()
    desk.approve(one)
    desk.approve(one)
    desk.approve(one, close_time=START + 60_000)
    assert len(desk.entries()) == 1


def test_more_entries_than_the_cap_of_a_minute_are_withheld_although_all_were_admitted_at_once() -> None:
    """EXEC-2: twenty left in the last minute; the next one is refused when it is about to leave."""
    desk = Desk()
    client_id = waiting(desk)
    assert desk.core.confirm(client_id, quote(desk, "99.99", "100.01"), desk.now) is None
    desk.core.state.sent_at.extend([desk.now] * 20)
    refused = desk.core.confirm(client_id, quote(desk, "99.99", "100.01"), desk.now)
    assert refused is not None
    assert refused[0] == "too_many"


def test_nothing_is_entered_on_an_account_that_was_not_stated_lately() -> None:
    """EXEC-2: the kill switch would be blind."""
    desk = Desk()
    desk.driver.weather.reads = False
    desk.run(21_000, step=1_000)
    desk.enter()
    assert desk.entries() == []
    assert desk.core.state.plans == {}


def test_nothing_is_entered_while_the_news_do_not_arrive() -> None:
    """EXEC-2."""
    desk = Desk()
    desk.driver.give(Connected(open=False))
    desk.enter()
    assert desk.entries() == []
    desk.driver.give(Connected(open=True))
    desk.enter("i2", close_time=START + 1)
    assert desk.held() == 2


def test_a_closed_symbol_is_not_entered() -> None:
    """EXEC-2."""
    desk = Desk()
    closure = Closure(symbol=BTC, reason="delisting", since=0, until=None, text="it ends soon")
    desk.driver.give(InstrumentList(time=START, instruments=tuple(INSTRUMENTS.values()), closures=(closure,)))
    desk.enter()
    assert desk.entries() == []


def test_a_process_that_stops_takes_its_resting_entries_away_and_leaves_what_protects() -> None:
    """EXEC-3: the cancel is repeated until the entry is over."""
    desk = Desk()
    desk.enter()
    desk.enter("l1", symbol=ETH, close_time=START + 1, kind="limit", price=D(99), bound=D(99), rests_until=START + HOURS)
    desk.driver.weather.writes = False
    desk.driver.give(Leaving())
    desk.run(500)
    desk.driver.weather.writes = True
    desk.run(2_000)
    assert [each.type for each in desk.resting(ETH)] == []
    assert desk.stop() is not None
    assert desk.held() == 2
    desk.enter("i3", symbol=ETH, close_time=desk.now)
    assert len(desk.entries()) == 2


def test_leaving_may_close_what_is_held() -> None:
    """EXEC-3."""
    desk = Desk()
    desk.enter()
    desk.driver.give(Leaving(flatten=True))
    desk.run(1_000)
    assert (desk.held(), desk.resting()) == (0, [])
