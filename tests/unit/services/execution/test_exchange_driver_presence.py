"""Who leads is asked and answered over the account, by orders that cannot trade."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from services.execution.drivers.exchange import presence as module
from services.execution.drivers.exchange.presence import Presence
from services.execution.leading import Sign, first_of
from shared.domain.client_ids import PresenceKind, client_order_id, origin_of, presence_id, presence_kind
from shared.domain.instruments import Instrument
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Outcome, Refused, Uncertain

NOW = 1_764_000_000_000
BTC = Instrument(
    symbol="BTCUSDT", tick_size=Decimal("0.10"), step_size=Decimal("0.001"), min_quantity=Decimal("0.001"),
    min_notional=Decimal(100),
)  # fmt: skip


def shown(kind: PresenceKind, nonce: str, at: int = NOW, number: int = 1, lineage: str = "aaaa") -> ExchangeOrder:
    return ExchangeOrder(
        symbol="BTCUSDT", id=number, client_id=presence_id(kind, lineage, nonce * 26), book="algo", side="SELL",
        type="STOP_MARKET", status="NEW", quantity=Decimal("0.001"), executed=Decimal(0), updated_at=at, created_at=at,
        reduce_only=True,
    )  # fmt: skip


MINE = shown("question", "0", NOW, 5)


@pytest.mark.parametrize(
    ("others", "other_leads"),
    [
        ((), False),
        ((shown("answer", "1", NOW + 100, 6),), True),
        ((shown("answer", "1", NOW - 4_900, 2),), True),
        ((shown("answer", "1", NOW - 5_000, 2),), False),
        ((shown("question", "1", NOW - 1, 4),), True),
        ((shown("question", "1", NOW, 4),), True),
        ((shown("question", "1", NOW, 6),), False),
        ((shown("question", "1", NOW + 1, 6),), False),
        ((shown("question", "1", NOW - 3_000, 1),), False),
        ((shown("question", "1", NOW + 1, 6), shown("answer", "2", NOW + 2, 7, "bbbb")), True),
    ],
)
def test_whoever_answers_or_asked_before_leads(others: tuple[ExchangeOrder, ...], other_leads: bool) -> None:
    """EXEC-4: by the exchange's times and numbers, which are the same for all; what is old was left over by the dead."""
    sign = first_of((MINE, *others), frozenset({MINE.client_id}), MINE.client_id, NOW)
    assert (sign is not None) is other_leads


def test_while_the_exchange_does_not_show_the_question_everybody_else_was_before() -> None:
    """EXEC-4: reads may lag behind; who is not sure does not lead."""
    later = shown("question", "1", NOW + 500, 6)
    assert first_of((later,), frozenset({MINE.client_id}), MINE.client_id, NOW) is not None
    assert first_of((), frozenset({MINE.client_id}), MINE.client_id, NOW) is None


def test_questions_and_answers_are_told_from_orders_by_their_ids() -> None:
    """EXEC-4: nobody takes them for orders of a trade."""
    ids = [presence_id(kind, "aaaa", "0" * 26) for kind in ("question", "answer")]
    assert [presence_kind(each) for each in ids] == ["question", "answer"]
    assert [len(each) for each in ids] == [35, 35]
    assert {origin_of(each, "aaaa") for each in ids} == {"foreign"}
    assert presence_kind(client_order_id("e", "aaaa", "i1")) is presence_kind("web_1") is None


class Account:
    """What two processes share."""

    def __init__(self) -> None:
        self.time = NOW
        self.price: Decimal | None = Decimal("100000.07")
        self.orders: dict[str, ExchangeOrder] = {}
        self.sent: list[NewOrder] = []
        self.cancelled: list[str] = []
        self.outcome: Outcome | None = None
        self.listeners: list[Presence] = []

    def now(self) -> int:
        return self.time

    async def mark_prices(self, symbol: str) -> Any:
        if self.price is None:
            raise ExchangeError("retry", -1001, "no answer", call="mark_prices")
        return (SimpleNamespace(mark=self.price),)

    async def place(self, order: NewOrder) -> Outcome:
        self.sent.append(order)
        if self.outcome is not None:
            return self.outcome
        self.time += 1
        kind = presence_kind(order.client_id)
        assert kind is not None
        stands = shown(kind, "0", self.time, len(self.sent))
        self.orders[order.client_id] = found = _named(stands, order.client_id)
        for each in self.listeners:
            each.take(found, self.time)
            each.take(found, self.time)  # a statement tells of it, too
        return Accepted(order=found)

    async def cancel(self, ref: OrderRef) -> Outcome:
        self.cancelled.append(ref.client_id)
        self.orders.pop(ref.client_id, None)
        return Accepted(order=None)

    async def open_orders(self) -> tuple[ExchangeOrder, ...]:
        return tuple(self.orders.values())

    def process(self, found: list[Sign], lineage: str = "aaaa") -> Presence:
        made = Presence(self, lineage, found.append)  # type: ignore[arg-type]  # as much of it as is used
        self.listeners.append(made)
        return made


def _named(order: ExchangeOrder, client_id: str) -> ExchangeOrder:
    return replace(order, client_id=client_id)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOKS_S", (0.01, 0.02))
    monkeypatch.setattr(module, "_ANSWER_S", 0.05)


async def test_a_leader_answers_and_whoever_asks_does_not_lead(quick: None) -> None:
    """EXEC-4: also when both have the same ids, as of a copied configuration; nothing stays at the exchange."""
    account, found = Account(), list[Sign]()
    one, two = account.process(found), account.process(found)
    assert await one.ask(BTC) is None
    sign = await two.ask(BTC)
    assert sign is not None
    assert sign.kind == "answer"
    await one.close()
    await two.close()
    assert (account.orders, found) == ({}, [])
    assert sorted(account.cancelled) == sorted(each.client_id for each in account.sent)
    assert [presence_kind(each.client_id) for each in account.sent] == ["question", "question", "answer"]


async def test_an_order_of_presence_can_never_trade(quick: None) -> None:
    """EXEC-4: it only reduces, is the smallest that there is, and waits for half the price."""
    account = Account()
    await account.process([]).ask(BTC)
    (order,) = account.sent
    assert (order.type, order.side, order.reduce_only, order.close_position) == ("STOP_MARKET", "SELL", True, False)
    assert (order.quantity, order.trigger) == (Decimal("0.001"), Decimal("50000.0"))


@pytest.mark.parametrize(("price", "trigger"), [(Decimal(30_000), "15000.0"), (None, "50000.0")])
async def test_an_answer_waits_for_half_the_price_of_now(quick: None, price: Decimal | None, trigger: str) -> None:
    """EXEC-4: after days of leading, too; without a price the last one serves."""
    account = Account()
    one = account.process([])
    await one.lead(BTC)
    account.price = price
    one.take(shown("question", "1", NOW + 1), NOW + 1)
    assert one._answering is not None
    await one._answering
    assert [each.trigger for each in account.sent] == [Decimal(trigger)]


async def test_of_two_who_ask_at_once_one_leads(quick: None) -> None:
    """EXEC-4: both look after both have asked."""
    account, found = Account(), list[Sign]()
    signs = await asyncio.gather(account.process(found).ask(BTC), account.process(found, "bbbb").ask(BTC))
    assert [sign is None for sign in signs] == [True, False]


async def test_a_leader_that_hears_another_one_answer_says_so(quick: None) -> None:
    """EXEC-4: a third one asks, and two answer; both halt."""
    account, found = Account(), list[Sign]()
    one, two = account.process(found), account.process(found, "bbbb")
    await one.lead(BTC)
    await two.lead(BTC)
    assert await account.process([], "cccc").ask(BTC) is not None
    assert len(found) == 2
    await one.close()
    await two.close()


async def test_whom_the_exchange_takes_no_question_of_leads_and_one_in_doubt_is_withdrawn(quick: None) -> None:
    """EXEC-4: an exchange that refuses such orders must not keep everybody from trading; the first entries tell."""
    account = Account()
    account.outcome = Refused(code=-4045, message="too many")
    assert await account.process([]).ask(BTC) is None
    assert account.cancelled == []
    account.outcome = Uncertain(doubt="timeout", until=NOW, message="no answer")
    assert await account.process([]).ask(BTC) is None
    assert account.cancelled == [account.sent[-1].client_id]


async def test_leftovers_of_a_dead_process_halt_nobody_and_are_withdrawn(quick: None) -> None:
    """EXEC-4: it was killed while it answered."""
    account, found = Account(), list[Sign]()
    left = shown("answer", "9", NOW - 20_000)
    others = shown("answer", "8", NOW - 20_000, lineage="bbbb")
    account.orders |= {each.client_id: each for each in (left, others)}
    one = account.process(found)
    assert await one.ask(BTC) is None
    assert one.take(left, NOW + 10)
    assert (found, list(account.orders)) == ([], [others.client_id])
