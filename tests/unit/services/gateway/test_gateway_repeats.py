"""What the gateway's core does with what it knows already: repeats, older words, other symbols, the dead."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from test_gateway_core import ENTRY, NOW, STOP, asked, balance, core, position, risk, stated, update

from services.gateway import books
from services.gateway.acts import Cancel
from services.gateway.state import bounded
from shared.domain.exchange import CancelOrder, PlaceOrder
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.model.user_events import AlgoUpdate

D = Decimal


def test_giving_up_one_symbol_leaves_the_others_waiting() -> None:
    """EXEC-4: what cannot be explained in one symbol says nothing of another."""
    gateway = core()
    other = msgspec.structs.replace(ENTRY, client_id="other", symbol="ETHUSDT")
    for order in (ENTRY, other):
        gateway.act_of(PlaceOrder(order=order), NOW)
        gateway.told(order.client_id, stated(order, "FILLED", "0.01"))
    books.give_up(gateway.state, "BTCUSDT")
    assert gateway.state.known["entry"].seen == D("0.01")
    assert gateway.state.known["other"].seen == 0


def test_an_older_word_on_the_wallet_does_not_count() -> None:
    """RISK-5: the stream may be late."""
    gateway = core()
    gateway.hear(position("0", time=NOW + 9), NOW + 9)
    older = position("0", time=NOW + 3)
    wallet = msgspec.structs.replace(older.wallets[0], wallet=D(1))
    gateway.hear(msgspec.structs.replace(older, wallets=(wallet,)), NOW + 10)
    assert gateway.account(NOW).wallet == 999


def test_a_clock_that_was_read_too_fast_hides_no_news() -> None:
    """RISK-5, OPS-9: the statement's own time is five seconds ahead; what the exchange says next is newer all the same."""
    gateway = core()
    gateway.stated([balance()], [risk("0.01")], NOW + 5_000)
    gateway.settled(NOW + 5_000)
    gateway.hear(position("0", time=NOW + 900), NOW + 900)
    assert gateway.account(NOW).positions == ()
    gateway.stated([balance()], [], NOW + 1_000)
    assert gateway.account(NOW).positions == ()


def test_executions_are_asked_for_from_before_the_last_agreement_but_not_the_first() -> None:
    """EXEC-4: a fast clock must not skip one, and what was before us is not ours to tell."""
    gateway = core()
    assert gateway.state.agreed_at == NOW
    gateway.settled(NOW + 2_000)
    assert gateway.state.agreed_at == NOW
    gateway.settled(NOW + 60_000)
    assert gateway.state.agreed_at == NOW + 55_000


def test_an_answer_without_a_trade_waits_for_no_news() -> None:
    """EXEC-4: nothing traded, nothing is owed."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    gateway.answered(NOW)
    assert gateway.due(NOW + 60) == "nothing"
    assert [order.client_id for order in gateway.answer(asked(PlaceOrder(order=STOP)), NOW).orders] == ["stop"]


def test_ours_among_the_exchanges_open_orders_is_news_only_when_it_changed() -> None:
    """EXEC-4: a list by REST repeats what is known."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    gateway.news(NOW)
    gateway.listed([stated(STOP, "NEW")])
    assert gateway.news(NOW).orders == ()
    gateway.listed([stated(STOP, "CANCELED", updated_at=NOW + 1)])
    assert [order.status for order in gateway.news(NOW).orders] == ["CANCELED"]


def test_an_order_that_is_over_stays_what_it_was_when_the_exchange_forgets_it() -> None:
    """EXEC-4: the exchange forgets old orders; filled does not become cancelled."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    gateway.told("entry", stated(ENTRY, "FILLED", "0.01"))
    gateway.not_found("BTCUSDT", "entry", NOW + 1)
    assert gateway.state.known["entry"].order.status == "FILLED"
    assert gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="entry"), NOW) is None


def test_an_order_update_without_a_trade_is_news_of_the_order_alone() -> None:
    """EXEC-5: taken, not traded."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    gateway.hear(update(stated(ENTRY, "NEW"), "NEW"), NOW + 1)
    gateway.stated([balance()], [risk("0")], NOW + 2)
    assert gateway.balanced
    assert [order.status for order in gateway.news(NOW + 2).orders] == ["NEW"]
    assert gateway.state.fills == []


def test_a_window_forgets_the_oldest_first() -> None:
    """OPS-3: bounded memory."""
    window = dict.fromkeys("abc", 0)
    bounded(window, 3)
    assert list(window) == ["a", "b", "c"]
    bounded(window, 1)
    assert list(window) == ["c"]


def test_a_stop_that_stands_already_is_followed_in_place_of_ours() -> None:
    """EXEC-3: the exchange takes one closing stop a side; the one set in its app protects, is followed, and is cancelled."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    theirs = stated(STOP, "NEW", number=9, client_id="app-1", trigger=D(88), close_position=True)
    gateway.stands("stop", theirs)
    told = gateway.state.known["stop"].order
    assert (told.client_id, told.status, told.trigger) == ("stop", "NEW", D(88))
    assert gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="stop"), NOW) == Cancel(
        OrderRef(symbol="BTCUSDT", client_id="app-1", book="algo")
    )
    assert gateway.in_doubt([("algo", 9)]) == ()
    gateway.listed([theirs])
    assert gateway.state.orders == {}, "it is not a stranger"


def test_the_end_of_a_standing_stop_is_the_end_of_ours() -> None:
    """EXEC-3: whether the stream tells it, or a statement that no longer shows it."""
    heard, missed = core(), core()
    for gateway in (heard, missed):
        gateway.act_of(PlaceOrder(order=STOP), NOW)
        gateway.stands("stop", stated(STOP, "NEW", number=9, client_id="app-1", trigger=D(88)))
    over = stated(STOP, "CANCELED", number=9, client_id="app-1", trigger=D(88))
    heard.hear(AlgoUpdate(order=over, time=NOW + 1), NOW + 1)
    (ref,) = missed.in_doubt([])
    missed.gone(ref, NOW + 10_000)
    assert heard.state.orders["stop"].status == missed.state.orders["stop"].status == "CANCELED"


def test_our_own_forgotten_stop_may_be_the_one_that_stands() -> None:
    """EXEC-3: what is told of the old one counts for the one that execution follows now."""
    gateway = core()
    again = msgspec.structs.replace(STOP, client_id="stop-2")
    for order in (STOP, again):
        gateway.act_of(PlaceOrder(order=order), NOW)
    gateway.stands("stop-2", stated(STOP, "NEW", number=9, trigger=D(90)))
    gateway.hear(AlgoUpdate(order=stated(STOP, "CANCELED", number=9, trigger=D(90)), time=NOW + 1), NOW + 1)
    assert gateway.state.orders["stop-2"].status == "CANCELED"


def test_only_entries_are_held_back() -> None:
    """Invariant 5: what can only reduce is always sent; the first reason stays until a person re-arms."""
    gateway = core()
    entry = NewOrder(client_id="e", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=D(1))
    reduce = msgspec.structs.replace(entry, reduce_only=True)
    stop = msgspec.structs.replace(entry, type="STOP_MARKET", quantity=None, trigger=D(90), close_position=True)
    assert gateway.held_back(entry) is None
    assert gateway.halt(-2015, "the key is refused")
    assert not gateway.halt(0, "by command")
    held = gateway.held_back(entry)
    assert held is not None
    assert (held.code, held.why) == (-2015, "the key is refused")
    assert gateway.held_back(reduce) is gateway.held_back(stop) is None
    restored = core()
    restored.restore(gateway.snapshot())
    assert restored.held_back(entry) == held
    gateway.rearm()
    assert gateway.held_back(entry) is None
