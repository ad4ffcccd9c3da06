"""The gateway's decisions, by plain calls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.gateway.acts import Ask, Cancel, Find, Search, Send, by_symbol
from services.gateway.core import GatewayCore
from services.gateway.settings import GatewaySettings
from shared.domain.exchange import CancelOrder, ExchangeRequests, PlaceOrder
from shared.domain.orders import Order
from shared.exchange.model.account import Balance, Income, PositionRisk
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, OrderRef
from shared.exchange.model.user_events import (
    AccountUpdate,
    AlgoUpdate,
    ConfigUpdate,
    Executed,
    OrderUpdate,
    PositionChange,
    WalletChange,
)

D = Decimal
NOW = 1_780_000_000_000
ENTRY = Order(client_id="entry", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=D("0.01"))
STOP = Order(
    client_id="stop", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", quantity=D(0), trigger=D(90), close_position=True
)


def balance(wallet: str = "1000") -> Balance:
    return Balance(
        asset="USDT", wallet=D(wallet), cross_wallet=D(wallet), cross_unrealized=D(0), available=D(wallet), updated_at=NOW
    )


def risk(quantity: str, symbol: str = "BTCUSDT", side: Any = "BOTH") -> PositionRisk:
    zero = D(0)
    return PositionRisk(
        symbol=symbol, side=side, quantity=D(quantity), entry=D(100), break_even=zero, mark=D(101), unrealized=D("0.01"),
        liquidation=zero, notional=zero, isolated_wallet=zero, initial_margin=zero, maintenance_margin=zero, updated_at=NOW,
    )  # fmt: skip


def core(**settings: Any) -> GatewayCore:
    """One that has had its first statement: flat, 1000 USDT, told."""
    made = GatewayCore(GatewaySettings.model_validate(settings), 3_000)
    made.stated([balance()], [], NOW)
    made.settled(NOW)
    made.news(NOW)
    return made


def stated(order: Order, status: Any, executed: str = "0", number: int = 7, **changes: Any) -> ExchangeOrder:
    plain = order.type == "MARKET"
    fields: dict[str, Any] = {
        "symbol": order.symbol, "id": number, "client_id": order.client_id, "book": "plain" if plain else "algo",
        "side": order.side, "type": order.type, "status": status, "quantity": order.quantity, "executed": D(executed),
        "updated_at": NOW, **changes,
    }  # fmt: skip
    return ExchangeOrder(**fields)


def fill(quantity: str = "0.01", number: int = 1) -> Executed:
    return Executed(
        trade_id=number, quantity=D(quantity), price=D(100), commission=D("0.0005"), commission_asset="USDT", realized=D(0),
        maker=False, time=NOW,
    )  # fmt: skip


def position(quantity: str, symbol: str = "BTCUSDT", time: int = NOW + 1, reason: str = "ORDER") -> AccountUpdate:
    change = PositionChange(
        symbol=symbol,
        side="BOTH",
        quantity=D(quantity),
        entry=D(100),
        break_even=D(0),
        unrealized=D(0),
        isolated_wallet=D(0),
    )
    wallet = WalletChange(asset="USDT", wallet=D(999), cross_wallet=D(999), change=D(0))
    return AccountUpdate(time=time, reason=reason, wallets=(wallet,), positions=(change,))


def update(order: ExchangeOrder, execution: Any = "TRADE", traded: Executed | None = None) -> OrderUpdate:
    return OrderUpdate(time=NOW + 1, execution=execution, order=order, fill=traded)


def asked(*requests: PlaceOrder | CancelOrder) -> ExchangeRequests:
    return ExchangeRequests(id="r", time=NOW, requests=requests)


def test_an_unknown_id_is_sent_once_and_then_found_or_asked_for() -> None:
    """EXEC-2: sent; sent and not answered; answered and alive; answered and over."""
    gateway = core()
    assert isinstance(gateway.act_of(PlaceOrder(order=STOP), NOW), Send)
    open_ = gateway.act_of(PlaceOrder(order=STOP), NOW + 9_000)
    assert isinstance(open_, Find)
    assert open_.open.until == NOW + 3_000, "from the sending, not from the question"
    gateway.sending_again("stop", NOW + 9_000)
    again = gateway.act_of(PlaceOrder(order=STOP), NOW + 9_001)
    assert isinstance(again, Find)
    assert again.open.until == NOW + 12_000
    gateway.told("stop", stated(STOP, "NEW"))
    assert gateway.act_of(PlaceOrder(order=STOP), NOW) == Ask(OrderRef(symbol="BTCUSDT", client_id="stop", book="algo"))
    gateway.told("stop", stated(STOP, "CANCELED"))
    assert gateway.act_of(PlaceOrder(order=STOP), NOW) is None


def test_a_restart_remembers_what_was_sent() -> None:
    """EXEC-2: the snapshot that was saved before sending is enough."""
    before = core()
    before.act_of(PlaceOrder(order=ENTRY), NOW)
    after = GatewayCore(GatewaySettings(), 3_000)
    after.restore(before.snapshot())
    assert isinstance(after.act_of(PlaceOrder(order=ENTRY), NOW + 1), Find)
    assert after.account(NOW).wallet == 1000


def test_cancels_go_where_the_order_is() -> None:
    """EXEC-4: its book where it is known, both books where it is not, nowhere when it is over."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    assert gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="stop"), NOW) == Cancel(
        OrderRef(symbol="BTCUSDT", client_id="stop", book="algo")
    )
    assert gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="x"), NOW) == Search("BTCUSDT", "x")
    gateway.told("stop", stated(STOP, "EXPIRED"))
    assert gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="stop"), NOW) is None


def test_answers_say_what_is_known_and_nothing_else() -> None:
    """Invariant 7: an order that nobody has heard of is left out, so that execution asks again."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.refused("stop", -2021, "Order would immediately trigger.", NOW)
    answer = gateway.answer(asked(PlaceOrder(order=ENTRY), PlaceOrder(order=STOP), PlaceOrder(order=STOP)), NOW + 1)
    assert [(order.client_id, order.status, order.reject_code) for order in answer.orders] == [("stop", "REJECTED", -2021)]
    assert answer.reply_to == "r"
    assert answer.account.wallet == 1000


def test_what_is_not_found_is_over_or_unknown() -> None:
    """EXEC-4: known before: over; never heard of: refused, with the exchange's code."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    gateway.not_found("BTCUSDT", "stop", NOW + 3_000)
    assert gateway.state.known["stop"].order.status == "NEW", "it was only just sent: what is asked may lag behind"
    gateway.not_found("BTCUSDT", "stop", NOW + 3_001)
    gateway.not_found("BTCUSDT", "nobody", NOW)
    requests = asked(*(CancelOrder(symbol="BTCUSDT", client_id=name) for name in ("stop", "nobody")))
    assert [(order.status, order.reject_code) for order in gateway.answer(requests, NOW).orders] == [
        ("CANCELED", 0),
        ("REJECTED", -2011),
    ]


@pytest.mark.parametrize("fill_first", [True, False])
def test_news_wait_for_both_halves(fill_first: bool) -> None:
    """EXEC-4: a fill without its position, or a position without its fill, is held until the other half comes."""
    gateway = core()
    halves = [update(stated(ENTRY, "FILLED", "0.01"), traded=fill()), position("0.01")]
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    one, other = halves if fill_first else halves[::-1]
    gateway.hear(one, NOW + 1)
    assert gateway.due(NOW + 2) == "nothing"
    assert gateway.due(NOW + 501) == "refresh"
    gateway.hear(other, NOW + 3)
    assert gateway.due(NOW + 3) == "publish"
    news = gateway.news(NOW + 3)
    assert [each.client_id for each in news.fills] == ["entry"]
    assert [each.quantity for each in news.account.positions] == [D("0.01")]
    assert gateway.due(NOW + 4) == "nothing"


def test_the_same_fill_counts_once() -> None:
    """EXEC-4: by stream twice, and by REST."""
    gateway = core()
    event = update(stated(ENTRY, "FILLED", "0.01"), traded=fill())
    gateway.hear(event, NOW)
    gateway.hear(event, NOW)
    trade = AccountTrade(
        symbol="BTCUSDT", id=1, order_id=7, side="BUY", position_side="BOTH", price=D(100), quantity=D("0.01"), quote=D(1),
        commission=D(0), commission_asset="USDT", realized=D(0), maker=False, time=NOW,
    )  # fmt: skip
    assert gateway.unowned([trade]) == (7,)
    gateway.traded("BTCUSDT", [trade])
    assert len(gateway.state.fills) == 1
    assert gateway.state.carried["BTCUSDT"] == D("0.01")


def test_a_difference_is_believed_when_it_stays() -> None:
    """EXEC-4: the first look may be between two halves; the second, the same, is the truth, and execution will see it."""
    gateway = core()
    gateway.stated([balance()], [risk("0.5")], NOW + 1_000)
    assert gateway.settled(NOW + 1_000) == ()
    assert gateway.due(NOW + 1_001) == "nothing"
    assert gateway.due(NOW + 1_500) == "refresh"
    gateway.stated([balance()], [risk("0.7")], NOW + 1_600)
    assert gateway.settled(NOW + 1_600) == (), "another difference: things move"
    gateway.stated([balance()], [risk("0.7")], NOW + 2_200)
    assert gateway.settled(NOW + 2_200) == ("BTCUSDT",)
    assert gateway.due(NOW + 2_201) == "publish"
    assert [each.quantity for each in gateway.news(NOW + 2_201).account.positions] == [D("0.7")]


def test_an_older_statement_does_not_undo_the_stream() -> None:
    """RISK-5: REST was asked before the fill; its answer came after."""
    gateway = core()
    gateway.hear(update(stated(ENTRY, "FILLED", "0.01"), traded=fill()), NOW + 5)
    gateway.hear(position("0.01", time=NOW + 5), NOW + 5)
    gateway.stated([balance("1")], [], NOW + 2)
    assert gateway.balanced
    assert gateway.account(NOW).wallet == 999


def test_a_stop_ends_as_its_child_does() -> None:
    """EXEC-1: triggered is still NEW to us; the child's fills and its end are the stop's, whatever its client id."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    gateway.hear(AlgoUpdate(time=NOW, order=stated(STOP, "TRIGGERED", child_id=44)), NOW)
    assert gateway.state.known["stop"].order.status == "NEW"
    child = stated(
        STOP, "FILLED", "0.01", 44, client_id="exchange-made", book="plain", original_type="STOP_MARKET", type="MARKET"
    )
    gateway.hear(update(child, traded=fill()), NOW)
    gateway.hear(AlgoUpdate(time=NOW, order=stated(STOP, "FINISHED", child_id=44)), NOW)
    assert (gateway.state.known["stop"].order.status, gateway.state.fills[0].client_id) == ("FILLED", "stop")


def test_a_child_before_its_link_is_asked_for() -> None:
    """EXEC-4: the two kinds of events are not ordered among themselves: no guess, a question."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    child = stated(
        STOP, "FILLED", "0.01", 44, client_id="exchange-made", book="plain", original_type="STOP_MARKET", type="MARKET"
    )
    gateway.hear(update(child, traded=fill()), NOW)
    assert gateway.due(NOW) == "refresh"
    assert gateway.state.fills == []
    assert gateway.in_doubt([]) == (OrderRef(symbol="BTCUSDT", client_id="stop", book="algo"),)
    gateway.found("stop", stated(STOP, "FINISHED", child_id=44), child)
    assert gateway.state.orders["stop"].status == "FILLED"


def test_refused_at_the_trigger_is_expired_with_its_reason() -> None:
    """EXEC-1: it was accepted once; now it is over, and why."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    gateway.hear(AlgoUpdate(time=NOW, order=stated(STOP, "REJECTED", reason="Reduce Only reject")), NOW)
    known = gateway.state.known["stop"].order
    assert (known.status, known.reject_reason) == ("EXPIRED", "Reduce Only reject")


def test_old_words_change_nothing() -> None:
    """EXEC-4: late and repeated events never bring a dead order back, nor take a fill away."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    for status, executed in (
        ("PARTIALLY_FILLED", "0.005"),
        ("NEW", "0.005"),
        ("NEW", "0"),
        ("FILLED", "0.01"),
        ("NEW", "0.01"),
    ):
        gateway.told("entry", stated(ENTRY, status, executed))
    assert (gateway.state.known["entry"].order.status, gateway.state.known["entry"].order.filled) == ("FILLED", D("0.01"))


def test_strangers_are_told_once_and_contracts_that_cannot_be_named_are_left_out() -> None:
    """EXEC-4: recognised, never adopted."""
    gateway = core()
    foreign = msgspec.structs.replace(ENTRY, client_id="web")
    delivery = msgspec.structs.replace(ENTRY, client_id="d", symbol="BTCUSD_240329")
    for _ in range(2):
        gateway.listed([stated(foreign, "NEW"), stated(delivery, "NEW")])
        gateway.news(NOW)
    gateway.listed([stated(foreign, "NEW")])
    gateway.hear(update(stated(delivery, "FILLED", "1"), traded=fill("1")), NOW)
    gateway.hear(position("1", "BTCUSD_240329"), NOW)
    gateway.hear(AlgoUpdate(time=NOW, order=stated(msgspec.structs.replace(STOP, client_id="theirs"), "NEW")), NOW)
    assert "web" not in gateway.state.known
    assert set(gateway.state.orders) == {"theirs"}
    assert gateway.account(NOW).positions == ()


def test_living_orders_that_are_not_listed_are_gone() -> None:
    """EXEC-4: the exchange knows them no more: that is news."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    assert gateway.in_doubt([("algo", 7)]) == ()
    (ref,) = gateway.in_doubt([("plain", 7)])
    gateway.gone(ref, NOW + 1)
    assert gateway.news(NOW).orders == ()
    gateway.gone(ref, NOW + 10_000)
    assert gateway.news(NOW).orders[0].status == "CANCELED"


def test_fills_of_orders_whose_answer_was_lost_find_their_owner() -> None:
    """EXEC-2: sent, never answered, filled: the order asked for by the exchange's id names our client id, child or not."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    child = stated(STOP, "FILLED", "0.01", 8, client_id="stop", book="plain", original_type="STOP_MARKET", type="MARKET")
    trades = [
        AccountTrade(
            symbol="BTCUSDT", id=number, order_id=number, side=side, position_side="BOTH", price=D(100), quantity=D("0.01"),
            quote=D(1), commission=D(0), commission_asset="USDT", realized=D(0), maker=False, time=NOW,
        )
        for number, side in ((7, "BUY"), (8, "SELL"), (9, "BUY"))
    ]  # fmt: skip
    foreign = stated(msgspec.structs.replace(ENTRY, client_id="web"), "FILLED", "0.01", 9)
    assert gateway.unowned(trades) == (7, 8, 9)
    gateway.traded("BTCUSDT", trades, {7: stated(ENTRY, "FILLED", "0.01"), 8: child, 9: foreign})
    assert [each.client_id for each in gateway.state.fills] == ["entry", "stop", "web"]
    assert {name: order.status for name, order in gateway.state.orders.items()} == {"entry": "FILLED", "stop": "FILLED"}
    assert gateway.state.known["stop"].child_id == 8
    assert gateway.unowned(trades) == (9,)


def test_what_is_given_up_is_not_waited_for_again() -> None:
    """EXEC-4: a fill that nobody can find does not hold up all other news for ever."""
    gateway = core()
    gateway.act_of(PlaceOrder(order=ENTRY), NOW)
    gateway.told("entry", stated(ENTRY, "FILLED", "0.01"))
    gateway.answered(NOW)
    assert gateway.due(NOW + 501) == "refresh"
    for pause in (600, 1_200):
        gateway.stated([balance()], [risk("0.01")], NOW + pause)
        gateway.settled(NOW + pause)
    assert gateway.due(NOW + 1_201) == "publish"
    assert gateway.balanced


def test_an_order_found_by_a_search_is_known_from_then_on() -> None:
    """EXEC-4: forgotten by us, remembered by the exchange."""
    gateway = core()
    gateway.told("stop", stated(STOP, "NEW"))
    assert isinstance(gateway.act_of(CancelOrder(symbol="BTCUSDT", client_id="stop"), NOW), Cancel)


def test_funding_is_asked_for_once_and_told_once() -> None:
    """RISK-6: by symbol, with its rate, each payment once."""
    gateway = core()
    gateway.hear(position("0", reason="FUNDING_FEE"), NOW)
    assert gateway.funding_wanted
    paid = Income(symbol="BTCUSDT", kind="FUNDING_FEE", amount=D("-0.1"), asset="USDT", time=NOW, id="77")
    for _ in range(2):
        gateway.funded([paid, msgspec.structs.replace(paid, symbol="", id="78")], {"BTCUSDT": D("0.0001")})
    assert not gateway.funding_wanted
    assert [(each.amount, each.rate) for each in gateway.news(NOW).funding] == [(D("-0.1"), D("0.0001"))]


def test_statements_are_due_by_the_clock_and_times_only_rise() -> None:
    """EXEC-4: regularly, also when nothing happens; and an exchange's clock that is set back repeats no id."""
    gateway = core(account_every_s=10)
    assert gateway.due(NOW + 9_999) == "nothing"
    assert gateway.next_due(NOW + 9_000) == 1_000
    assert gateway.due(NOW + 10_000) == "refresh"
    gateway.hear(ConfigUpdate(time=NOW, symbol="BTCUSDT", leverage=5), NOW)
    assert gateway.due(NOW + 1) == "nothing", "leverage is no news"
    assert gateway.news(NOW - 5_000).time > NOW
    gateway.want_refresh()
    assert gateway.missed_something
    assert gateway.due(NOW) == "refresh"


def test_memory_is_bounded_and_the_living_are_never_forgotten() -> None:
    """OPS-9: dead ids go, oldest first."""
    gateway = core(ids_remembered=64)
    gateway.act_of(PlaceOrder(order=STOP), NOW)
    gateway.told("stop", stated(STOP, "NEW"))
    for number in range(200):
        name = f"e{number}"
        gateway.act_of(PlaceOrder(order=msgspec.structs.replace(ENTRY, client_id=name)), NOW)
        gateway.refused(name, -2019, "Margin is insufficient.", NOW)
    assert len(gateway.state.known) <= 64
    assert "stop" in gateway.state.known


def test_before_the_first_statement_nothing_is_told() -> None:
    """Invariant 7: an account that nobody has stated is not invented."""
    with pytest.raises(LookupError, match="never stated"):
        GatewayCore(GatewaySettings(), 3_000).news(NOW)


def test_requests_are_split_by_symbol_in_order() -> None:
    """EXEC-3: symbols do not wait for each other."""
    eth = msgspec.structs.replace(ENTRY, symbol="ETHUSDT")
    requests = [PlaceOrder(order=STOP), PlaceOrder(order=eth), CancelOrder(symbol="BTCUSDT", client_id="entry")]
    assert by_symbol(requests) == {"BTCUSDT": [requests[0], requests[2]], "ETHUSDT": [requests[1]]}
