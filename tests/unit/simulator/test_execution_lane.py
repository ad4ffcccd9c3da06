"""Execution with the matching core in one lane: all is settled within the message, and a bug never spins (EXEC-2, BT-1)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from services.execution.core import ExecutionCore
from services.execution.inputs import Answer, Input, News, Sent, Statement, Withheld
from services.execution.plans.admission import SENTENCE, EntryRefusal, Quote
from services.execution.reporting import unprotected
from services.execution.requests import Effects, PlaceOrder, QueryAccount, Request
from services.execution.settings import ExecutionSettings
from shared.domain.account import AccountStatement
from shared.domain.control import ClockTick, Control
from shared.domain.intents import ExitRung, OrderIntent, Verdict, VerdictBundle
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.orders import OrderEvent, StepReport
from shared.exchange.model.orders import NewOrder
from simulator.execution_lane import ExecutionLane, NotSettled
from simulator.matching_driver import MatchingDriver
from simulator.settings import SimulatorSettings
from tests.support.approval.pairs import CREDULOUS, CREDULOUS_RISK_ORDERS
from tests.support.simulator.simulated_trader import BTC, INSTRUMENTS, Row, candle, limit, market, stop

MINUTE = 60_000


def trusting() -> ExecutionCore:
    """A core that takes any signature of an intent."""
    return ExecutionCore(
        INSTRUMENTS,
        ExecutionSettings(),
        lambda _, __: True,
        commands=CREDULOUS,
        risk_orders=CREDULOUS_RISK_ORDERS,
        lineage="abcd",
        validity_ms=1_500,
    )


def lane(settings: SimulatorSettings | None = None) -> ExecutionLane:
    return ExecutionLane(trusting(), MatchingDriver(settings or SimulatorSettings(), INSTRUMENTS))


def step(minute: int, row: Row) -> MarketStep:
    return MarketStep(close_time=minute * MINUTE, candles=(candle(row, minute - 1),))


def verdict(minute: int = 1, **changes: object) -> VerdictBundle:
    """A long of 0.02 at 50,000: stop 49,500, half off at 50,500 (then break-even), the rest at 51,000."""
    at = minute * MINUTE
    fields: dict[str, object] = {
        "id": f"i{minute}", "signal_id": "s", "symbol": BTC, "side": "BUY", "quantity": Decimal("0.02"),
        "price": Decimal(50_000), "bound": Decimal(50_100), "stop": Decimal(49_500),
        "exits": tuple(ExitRung(price=Decimal(price), share=Decimal("0.5")) for price in (50_500, 51_000)),
        "close_time": at, "decided_at": at, "valid_until": at + 5_000, "break_even_after": 1,
        "risk_amount": Decimal(10), "risk_budget": Decimal(50),
    }  # fmt: skip
    intent = OrderIntent(**{**fields, **changes})  # type: ignore[arg-type]  # a table of fields
    return VerdictBundle(close_time=at, verdicts=(Verdict(decision_id="d", symbol=BTC, intent=intent, signature="x"),))


def brief(messages: list[Message]) -> list[str]:
    """Purpose, status and price of the fill of each order event; other messages by their type."""
    told = []
    for each in messages:
        if isinstance(each, OrderEvent):
            fill = f" {each.fill.quantity}@{each.fill.price.normalize():f}" if each.fill is not None else ""
            told.append(f"{each.purpose} {each.order.status}{fill}")
        else:
            told.append(type(each).__name__)
    return told


FLAT = (50_000.0, 50_000.0, 50_000.0, 50_000.0)


def test_an_entry_is_filled_protected_and_reported_within_its_message() -> None:
    """EXEC-2, EXEC-3: bought at the last price and slippage; the stop and both rungs stand; the report comes last."""
    at = lane()
    assert brief(at.handle(step(1, FLAT), MINUTE)) == ["AccountStatement"]
    told = at.handle(verdict(), MINUTE)
    assert brief(told) == [
        "entry FILLED", "entry FILLED 0.02@50005", "stop NEW", "target NEW", "target NEW", "StepReport",
    ]  # fmt: skip
    (report,) = (each for each in told if isinstance(each, StepReport))
    assert (report.close_time, len(report.placed)) == (MINUTE, 4)


def test_a_market_step_ends_with_a_statement_of_its_time_and_what_closed() -> None:
    """BT-1: half at the first rung, the stop moved to the entry price, and the rest stopped there; no order is left."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    at.handle(verdict(), MINUTE)
    told = at.handle(step(2, (50_000, 50_600, 49_900, 50_550)), 2 * MINUTE)
    assert brief(told) == [
        "target FILLED 0.010@50494.9", "bridge NEW", "stop CANCELED", "stop NEW", "bridge CANCELED", "AccountStatement",
    ]  # fmt: skip
    told = at.handle(step(3, (50_550, 50_600, 49_000, 50_000)), 3 * MINUTE)
    assert brief(told)[-3:] == ["stop FILLED 0.010@49999.9", "target CANCELED", "AccountStatement"]
    stated = told[-1]
    assert isinstance(stated, AccountStatement)
    assert (stated.time, stated.asked_at, stated.open_trades) == (3 * MINUTE, 3 * MINUTE, ())
    assert [(trade.state, trade.exit_reason, trade.quantity) for trade in stated.closed_trades] == [
        ("closed", "stop", Decimal("0.02"))
    ]


def test_a_close_without_an_intent_is_reported_at_once() -> None:
    """BT-1: one report a close, also when nothing is done."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    assert brief(at.handle(VerdictBundle(close_time=MINUTE, verdicts=()), MINUTE)) == ["StepReport"]


def test_a_repeated_message_changes_nothing() -> None:
    """EXEC-2: neither a step nor a verdict acts twice."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    at.handle(verdict(), MINUTE)
    before = at.snapshot()
    assert at.handle(step(1, FLAT), MINUTE) == []
    assert at.handle(verdict(), MINUTE) == []
    assert at.snapshot() == before


def test_an_entry_whose_price_ran_away_is_withheld_at_the_moment_of_sending() -> None:
    """EXEC-2: judged with the driver's own quote; the close is reported all the same."""
    at = lane()
    at.handle(step(1, (50_000, 50_200, 50_000, 50_200)), MINUTE)
    told = at.handle(verdict(), MINUTE)
    assert brief(told) == ["entry REJECTED", "Alert", "StepReport"]
    assert at.handle(step(2, (50_200, 50_200, 49_000, 49_000)), 2 * MINUTE)[:-1] == []


def test_an_entry_without_a_price_of_now_is_withheld() -> None:
    """EXEC-2: in paper a verdict may come when the minute's candle has not; an old price is none."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    told = at.handle(verdict(close_time=MINUTE, decided_at=70_000, valid_until=75_000), 70_000)
    assert brief(told)[0] == "entry REJECTED"
    assert isinstance(told[0], OrderEvent)
    assert told[0].order.reject_reason == SENTENCE["no_price"][1]


def test_two_lanes_fed_alike_tell_the_same_and_one_that_was_restored_too() -> None:
    """Invariant 2: the snapshot holds both sides of the account."""
    messages: list[tuple[Message, int]] = [
        (step(1, FLAT), 1), (verdict(), 1), (step(2, (50_000, 50_600, 49_900, 50_550)), 2),
        (Control(id="c", command="halt", by="me", reason="why", signature="good"), 2),
        (step(3, (50_550, 50_600, 49_000, 50_000)), 3),
    ]  # fmt: skip
    one, other = lane(), lane()
    for message, minute in messages:
        told = one.handle(message, minute * MINUTE)
        assert msgspec.msgpack.encode(other.handle(message, minute * MINUTE)) == msgspec.msgpack.encode(told)
        again = lane()
        again.restore(other.snapshot())
        assert again.snapshot() == one.snapshot()
        other = again


def test_restoring_garbage_raises() -> None:
    """EXEC-2: a snapshot of something else is refused, not guessed at."""
    with pytest.raises(msgspec.ValidationError):
        lane().restore(msgspec.msgpack.encode({"core": 1}))


class Scripted:
    """A core that asks for what it was told to ask when a message comes, and notes every input."""

    def __init__(self, *requests: Request, refuses: EntryRefusal | None = None) -> None:
        self.script = list(requests)
        self.refuses = refuses
        self.inputs: list[tuple[Input | Message, int]] = []
        self.quotes: list[Quote | None] = []

    def handle(self, taken: Message | Input, now: int) -> Effects:
        self.inputs.append((taken, now))
        effects = Effects()
        if isinstance(taken, Message):
            for request in self.script:
                effects.ask(request)
        return effects

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        self.quotes.append(quote)
        return (self.refuses, "a sentence") if self.refuses is not None else None

    def watched(self, symbol: str) -> OrderIntent | None:
        return None

    def snapshot(self) -> bytes:
        return b""

    def restore(self, data: bytes) -> None:
        raise NotImplementedError


def scripted(*requests: Request, refuses: EntryRefusal | None = None, core: Scripted | None = None) -> Scripted:
    """Ask for all of it in one message, after a candle at 100."""
    played = core or Scripted(*requests, refuses=refuses)
    at = ExecutionLane(played, MatchingDriver(SimulatorSettings(), INSTRUMENTS))
    at.handle(step(1, (100, 100, 100, 100)), MINUTE)
    played.inputs.clear()
    at.handle(Control(id="c", command="halt", by="me", reason="why", signature="good"), MINUTE + 7)
    return played


def kinds(played: Scripted) -> list[str]:
    return [
        f"{each.kind} {each.client_id}" if isinstance(each, Answer) else type(each).__name__ for each, _ in played.inputs
    ]


def test_a_reducing_order_leaves_before_an_entry_and_the_entry_is_noted_as_sent_first() -> None:
    """EXEC-2, EXEC-3: the order of requests is theirs, not the core's; an entry has its quote."""
    entry: NewOrder = limit("e", "BUY", 1, 90)
    played = scripted(PlaceOrder(entry), PlaceOrder(stop("s", "SELL", 95)))
    assert kinds(played) == ["Control", "Sent", "place s", "News", "place e", "News"]
    assert [(quote and quote.bid, quote and quote.time) for quote in played.quotes] == [(Decimal(100), MINUTE)]
    assert played.inputs[1] == (Sent(client_id="e"), MINUTE + 7)


def test_an_entry_that_is_refused_at_the_last_moment_is_not_sent() -> None:
    """Invariant 5: withheld, with the word and the sentence."""
    played = scripted(PlaceOrder(limit("e", "BUY", 1, 90)), refuses="spread_too_wide")
    assert [each for each, _ in played.inputs[1:]] == [Withheld(client_id="e", why="spread_too_wide", text="a sentence")]


def test_a_reducing_order_is_not_judged_again() -> None:
    """EXEC-3: nobody is asked."""
    played = scripted(PlaceOrder(market("c", "SELL", 1, reduce_only=True)))
    assert (played.quotes, kinds(played)) == ([], ["Control", "place c"])


def test_a_statement_comes_after_all_other_news_and_once() -> None:
    """EXEC-4: however often it was asked for; it states what the requests after it have done."""
    played = scripted(QueryAccount(), PlaceOrder(market("e", "BUY", 1)), QueryAccount())
    assert kinds(played) == ["Control", "Sent", "place e", "News", "News", "News", "Statement"]
    stated = played.inputs[-1][0]
    assert isinstance(stated, Statement)
    assert [leg.quantity for leg in stated.legs] == [Decimal(1)]


def test_no_two_statements_have_one_time() -> None:
    """EXEC-4: a statement's time names it, and of two of one name the later would be dropped."""
    played = Scripted(QueryAccount())
    at = ExecutionLane(played, MatchingDriver(SimulatorSettings(), INSTRUMENTS))
    at.handle(step(1, (100, 100, 100, 100)), MINUTE)
    for name in ("a", "b"):
        at.handle(Control(id=name, command="halt", by="me", reason="why", signature="good"), MINUTE)
    at.handle(step(2, (100, 100, 100, 100)), 2 * MINUTE)
    times = [each.time for each, _ in played.inputs if isinstance(each, Statement)]
    assert times == [MINUTE, MINUTE + 1, MINUTE + 2, 2 * MINUTE]
    stamps = [now for _, now in played.inputs]
    assert stamps == sorted(stamps)


def test_news_are_told_in_the_order_in_which_they_happened() -> None:
    """EXEC-4: what a request did is never told before what happened earlier, so no older state overwrites a newer one."""

    class Hasty(Scripted):
        def handle(self, taken: Message | Input, now: int) -> Effects:
            effects = super().handle(taken, now)
            if isinstance(taken, Answer) and taken.client_id == "e":
                effects.ask(PlaceOrder(market("c", "SELL", 1, reduce_only=True)))
            return effects

    played = scripted(core=Hasty(PlaceOrder(market("e", "BUY", 1))))
    positions = [
        leg.quantity for each, _ in played.inputs if isinstance(each, News) for leg in getattr(each.event, "positions", ())
    ]
    assert positions == [Decimal(1), Decimal(0)]


def test_a_core_that_never_comes_to_rest_is_stopped() -> None:
    """Invariant 6: a bug raises; it does not spin."""

    class Restless(Scripted):
        def handle(self, taken: Message | Input, now: int) -> Effects:
            effects = super().handle(taken, now)
            effects.ask(PlaceOrder(limit("e", "SELL", 1, 110, reduce_only=True)))
            return effects

    with pytest.raises(NotSettled, match="Answer"):
        scripted(core=Restless())


def test_no_position_is_without_a_stop_after_any_message() -> None:
    """Invariant 4: in lock-step there is no moment between."""
    core = trusting()
    at = ExecutionLane(core, MatchingDriver(SimulatorSettings(), INSTRUMENTS))
    rows = [FLAT, (50_000, 50_600, 49_900, 50_550), (50_550, 51_000, 50_400, 51_000), (51_000, 51_200, 49_000, 50_000)]
    for minute, row in enumerate(rows, 1):
        at.handle(step(minute, row), minute * MINUTE)
        assert unprotected(core.state) == []
        price = Decimal(str(row[3]))
        prices = {"price": price, "bound": price + 100, "stop": price - 500}
        exits = (ExitRung(price=price + 400),)
        at.handle(verdict(minute, exits=exits, break_even_after=0, **prices), minute * MINUTE)
        assert unprotected(core.state) == []
        assert not any(order.unsettled for order in core.state.orders.values())


def statement_of(messages: list[Message]) -> AccountStatement:
    (found,) = (each for each in messages if isinstance(each, AccountStatement))
    return found


def test_a_deposit_and_a_withdrawal_are_told_once_and_are_no_results() -> None:
    """RISK-3, fault 14: the user stream names them; the wallet of the same statement shows them."""
    at = lane()
    before = statement_of(at.handle(step(1, FLAT), MINUTE))
    core = at.driver.core
    core.transfer(Decimal(500), MINUTE + 1)
    core.transfer(Decimal(-200), MINUTE + 2)
    told = statement_of(at.handle(step(2, FLAT), 2 * MINUTE))
    assert [each.amount for each in told.transfers] == [500, -200]
    assert len({each.id for each in told.transfers}) == 2
    assert told.account.wallet - before.account.wallet == 300
    assert statement_of(at.handle(step(3, FLAT), 3 * MINUTE)).transfers == ()


def test_where_there_are_ticks_a_statement_comes_every_five_seconds() -> None:
    """RISK-2: risk approves nothing on an old account, and mode paper has one market step a minute."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    assert at.handle(ClockTick(time=MINUTE + 4_999), MINUTE + 4_999) == []
    assert statement_of(at.handle(ClockTick(time=MINUTE + 5_000), MINUTE + 5_000)).time == MINUTE + 5_000


def test_the_margin_tiers_are_told_at_first_and_every_ten_minutes_also_over_a_restart() -> None:
    """RISK-2: exactly those of the matching engine."""
    at, successor = lane(), lane()
    rows = at.driver.core.brackets(BTC).rows
    (tier, *others) = statement_of(at.handle(step(1, FLAT), MINUTE)).tiers[BTC]
    assert len(others) == len(rows) - 1
    assert (tier.floor, tier.maintenance_rate, tier.cum) == (0, rows[0].maintenance_rate, 0)
    successor.restore(at.snapshot())
    told = [bool(statement_of(successor.handle(step(n, FLAT), n * MINUTE)).tiers) for n in range(2, 13)]
    assert told == [False] * 9 + [True, False]


def test_a_statement_says_what_margin_each_position_needs() -> None:
    """RISK-2: as the matching engine computes it."""
    at = lane()
    at.handle(step(1, FLAT), MINUTE)
    at.handle(verdict(), MINUTE)
    (held,) = statement_of(at.handle(step(2, FLAT), 2 * MINUTE)).account.positions
    (leg,) = (each for each in at.driver.core.positions() if each.quantity)
    assert held.maintenance_margin == leg.maintenance_margin > 0
    assert held.isolated_wallet == 0
