"""What makes the faults of the review at a desk: one function for each moment of a fault; ``fault_table`` names them."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from services.execution.inputs import Connected, News, Paid
from services.execution.requests import PlaceOrder, QueryAccount
from shared.domain.account import FundingPayment
from shared.domain.client_ids import client_order_id, lineage
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.model.user_events import MarginCall
from tests.support.execution.desk import BTC, ETH
from tests.support.execution.scene import Scene

D = Decimal
#: Age of a stale signal, ms.
STALE_MS = 600_000
#: An error code after which no entry leaves (the API key is refused).
HALTING = -2015
FUNDING = D("-0.02")


# -- 1: stale signals -------------------------------------------------------------------------------------------------


def stale_signal(scene: Scene) -> None:
    scene.approve(ETH, "stale", at=scene.desk.now - STALE_MS)


def no_stale_entry(scene: Scene) -> None:
    scene.none_left("stale")


# -- 2 and 3: the account is read late, or not at all -----------------------------------------------------------------


def reads_lag(scene: Scene) -> None:
    scene.weather.lag = 5_000


def another_symbol_trades(scene: Scene) -> None:
    scene.person(ETH, D(1))


def nothing_was_written_off(scene: Scene) -> None:
    if "unexplained" in scene.desk.alerts:
        scene.wrong("2: a statement that lagged took something off the books")


def reads_are_new(scene: Scene) -> None:
    scene.weather.lag = 0


def reads_fail(scene: Scene) -> None:
    scene.weather.reads = False


def reads_return(scene: Scene) -> None:
    scene.weather.reads = True


# -- 5, 7, 16: what became of a request is not known --------------------------------------------------------------------


def no_answer(scene: Scene) -> None:
    scene.desk.driver.mute = lambda answer: answer.client_id in scene.watch.approved


def stop_has_left(scene: Scene) -> None:
    """The news of the fill are enough."""
    side = "SELL" if scene.sign > 0 else "BUY"
    if scene.desk.held() and scene.desk.stop(side=side) is None and not scene.beside("7", "11"):
        scene.wrong("5: the stop waits for the answer to the entry")


def answers_return(scene: Scene) -> None:
    scene.desk.driver.mute = lambda answer: False


def request_hangs(scene: Scene) -> None:
    scene.weather.lose_request = 1.0


def successor_begins(scene: Scene) -> None:
    """The process freezes between writing and sending. Its request arrives late; another one takes over from its log, and
    what the first one sends once more, with the time that was written, is too old."""
    driver, written = scene.desk.driver, scene.desk.core.snapshot()
    scene.weather.lose_request = 0.0
    hanging = [(at, each) for at, _, each in driver.trail if isinstance(each, PlaceOrder) and each.order.symbol == BTC]
    entries = [(at, each) for at, each in hanging if not each.order.protects]
    scene.watch.excuse()
    scene.desk.run(900)
    for at, request in entries[:1]:
        driver.happen(partial(driver._arrive, request, "place", request.order.client_id, at))
    scene.watch.excuse()
    driver.restart(written)
    scene.desk.run(2_000)
    for at, request in entries[:1]:
        driver.happen(partial(driver._arrive, request, "place", request.order.client_id, at))


def answer_is_lost(scene: Scene) -> None:
    scene.weather.lose_answer = scene.weather.lose_news = 1.0
    scene.weather.reads = False


def query_fails_once(scene: Scene) -> None:
    scene.desk.run(1_800)
    scene.weather.lose_answer = scene.weather.lose_news = 0.0
    scene.weather.reads = not scene.beside("3")
    scene.watch.excuse()


def frozen_for_good(scene: Scene) -> None:
    frozen = scene.desk.core.state.frozen.get(BTC)
    if frozen is not None and frozen.reason == "unprotectable" and not scene.beside("11"):
        scene.wrong("16: a doubt froze the symbol until a person re-arms")


# -- 8: a dead entry fills ----------------------------------------------------------------------------------------------


def entry_is_given_up(scene: Scene) -> None:
    """It rests at the exchange, and execution thinks that it never arrived."""
    long = scene.sign > 0
    price = D(99) if long else D(101)
    scene.approve(ETH, "late", kind="limit", price=price, bound=price, rests_until=scene.desk.now + 60_000)
    plan = scene.desk.plan(ETH)
    if plan is not None:
        for entry in plan.of(scene.desk.core.state.orders, "entry"):
            entry.end("LOST", scene.desk.now)
    scene.weather.writes = False  # it cannot be cancelled
    scene.desk.run(1_100)
    scene.watch.excuse()
    scene.desk.price("98.9" if long else "101.1", ETH)
    scene.weather.writes = True


# -- 9: the broker ------------------------------------------------------------------------------------------------------


def broker_goes(scene: Scene) -> None:
    """What risk and operators say waits in the queue; what execution tells waits in its outbox."""
    scene.broker = False
    scene.approve(ETH, "queued")


def broker_returns(scene: Scene) -> None:
    scene.deliver()
    scene.desk.run(1_000)
    scene.none_left("queued")


# -- 10: the price runs -------------------------------------------------------------------------------------------------


def price_runs_away(scene: Scene) -> None:
    """Of two entries: ETH's price is beyond its bound when it is to leave; BTC's fills in part."""
    scene.desk.price(str(100 + 3 * scene.sign), ETH)
    scene.approve(ETH, "ran", price=D(100))
    scene.desk.price("100", ETH)
    scene.desk.exchange.depth = D("0.7")


def depth_returns(scene: Scene) -> None:
    scene.desk.exchange.depth = D(1_000)
    scene.none_left("ran")


def price_gaps_while_no_stop_stands(scene: Scene) -> None:
    scene.person_cancels_stop()
    scene.desk.price(str(scene.desk.exchange.price[BTC] - 7 * scene.sign))


# -- 11 and 12: no stop, or another's -----------------------------------------------------------------------------------


def stops_are_refused(scene: Scene) -> None:
    scene.desk.exchange.refuse = lambda order: -4014 if order.type == "STOP_MARKET" else 0


def next_signal_comes(scene: Scene) -> None:
    """The trade was closed because no stop was taken: the symbol must not be entered again."""
    scene.desk.run(6_000)
    refused = [order for _, order, _ in scene.desk.exchange.refused if order.type == "STOP_MARKET" and order.symbol == BTC]
    closed, entered = bool(refused) and not scene.desk.held(), len(scene.desk.entries())
    scene.approve(BTC, "again")
    scene.desk.run(500)
    if closed and len(scene.desk.entries()) != entered:
        scene.wrong("11: a symbol in which no stop is taken was entered again")
    scene.desk.exchange.refuse = lambda order: 0


def stop_is_lost_and_none_is_taken(scene: Scene) -> None:
    stops_are_refused(scene)
    scene.person_cancels_stop()


def stops_are_taken(scene: Scene) -> None:
    scene.desk.exchange.refuse = lambda order: 0


def person_puts_his_stop(scene: Scene) -> None:
    """Where ours should go; of that no news come."""
    scene.person_cancels_stop()
    lost, scene.weather.lose_news = scene.weather.lose_news, 1.0
    scene.person_stop()
    scene.weather.lose_news = lost
    scene.watch.excuse()


def his_stop_was_kept(scene: Scene) -> None:
    if not scene.desk.held() and not scene.beside("10b", "11"):
        scene.wrong("12: a position with a stop of a person's was closed")


# -- 13: unsigned -------------------------------------------------------------------------------------------------------


def unsigned_message(scene: Scene) -> None:
    scene.forge(ETH, "unsigned")


# -- 17: funding --------------------------------------------------------------------------------------------------------


def funding_is_told_late_and_twice(scene: Scene) -> None:
    past = [
        plan for plan in scene.desk.core.state.past.values() if plan.symbol == BTC and plan.closed_at > plan.opened_at > 0
    ]
    if not past:
        scene.wrong("17: no trade was held")
        return
    plan = past[-1]
    before = plan.funding
    payment = FundingPayment(symbol=BTC, time=plan.opened_at + 1, rate=D("0.0001"), amount=FUNDING, id="f1")
    for _ in range(2):
        scene.desk.driver.give(Paid(payments=(payment,)))
    if plan.funding - before != FUNDING:
        scene.wrong(f"17: {plan.funding - before} of {FUNDING} is in the trade's result")


# -- 18: the rest -------------------------------------------------------------------------------------------------------


def account_is_refused(scene: Scene) -> None:
    """An error of class halt answers what is placed next: a target, because a person has cancelled it."""
    scene.desk.exchange.refuse = lambda order: HALTING if order.type == "TAKE_PROFIT_MARKET" else 0
    scene.person_cancels_targets()
    scene.desk.run(2_000)
    scene.approve(ETH, "refused")
    scene.desk.run(500)
    if scene.desk.core.state.halted is not None:
        scene.none_left("refused")
    elif not scene.beside("10b"):  # its trade is closed, and no target is placed
        scene.wrong("18a: an error of class halt halted nothing")


def margin_is_called(scene: Scene) -> None:
    before = len(scene.desk.driver.trail)
    scene.desk.driver.give(News(event=MarginCall(time=scene.desk.now, symbols=(BTC,))))
    asked = [each for _, _, each in scene.desk.driver.trail[before:] if isinstance(each, QueryAccount)]
    if not asked or "margin_call" not in scene.desk.alerts:
        scene.wrong("18b: a margin call was ignored")


def leg_is_signed(scene: Scene) -> None:
    """Risk signs an intent of a leg, as if hedge mode were traded."""
    scene.approve(ETH, "leg", approved=False, leg="LONG" if scene.sign > 0 else "SHORT")


def rival_appears(scene: Scene) -> None:
    rival = client_order_id("e", lineage("sim", "another"), "theirs", "entry")
    far = NewOrder(
        client_id=rival, symbol=ETH, side="BUY", type="LIMIT", quantity=D(1), price=D(50), time_in_force="GTC"
    )  # fmt: skip
    scene.desk.driver.happen(lambda: scene.desk.exchange.place(far))


def rival_was_noticed(scene: Scene) -> None:
    if scene.desk.core.state.halted is None:
        scene.wrong("18d: another deployment trades the account, and entries go on")


def rival_leaves(scene: Scene) -> None:
    rival = client_order_id("e", lineage("sim", "another"), "theirs", "entry")
    scene.desk.driver.happen(lambda: scene.desk.exchange.cancel(OrderRef(symbol=ETH, client_id=rival)))


def clock_jumps(scene: Scene) -> None:
    """The machine slept for ten minutes: so much of ``now`` has passed, and what was decided before is old."""
    scene.desk.driver.now += 600_000
    scene.desk.driver.happen(lambda: None)
    scene.desk.driver.give(Connected(open=True, woken=True))
    scene.watch.slept()
