"""The books at the end of a drill: one difference each is found, to the cent, and so is nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from cli.chaos.agreement import (
    Books,
    JournalRows,
    approvals,
    balance_of_journal,
    disagreements,
    last_balance,
    money_of,
)
from shared.domain.client_ids import client_order_id
from simulator.ledger.record import Ordered, Wallet
from tests.support.chaos.ledgers import Story

START = Decimal(1_000)
FEES = Decimal("0.10")  # two executions of the story, which win nothing


def rows_of(story: Story) -> JournalRows:
    """A journal that has it all."""
    rows = JournalRows()
    for each in story.lines:
        if isinstance(each, Ordered):
            rows.orders[each.client_id] = (each.status, each.executed)
            if each.trade_id:
                rows.fills[each.symbol, each.trade_id] = (each.side, each.filled, each.price, each.fee, each.realized)
    return rows


def told() -> tuple[Story, JournalRows, Books]:
    story = Story()
    story.trade()
    story.lines.append(Wallet(at=story.now, reason="ORDER", balance=START - FEES, legs={}))
    rows = rows_of(story)
    money = last_balance(story.lines, START)
    books = Books(START, money, money_of(story.lines, START), balance_of_journal(rows, START), money, money)
    return story, rows, books


def test_books_that_agree_have_no_difference() -> None:
    story, rows, books = told()
    assert books.exchange == START - FEES
    assert disagreements(story.lines, rows, books) == []


@pytest.mark.parametrize("who", ["ledger", "journal", "execution", "risk"])
def test_a_cent_is_a_difference(who: str) -> None:
    story, rows, books = told()
    wrong = replace(books, **{who: START - FEES + Decimal("0.01")})
    (found,) = disagreements(story.lines, rows, wrong)
    assert "999.91 USDT, and the exchange 999.90" in found
    assert disagreements(story.lines, rows, replace(books, **{who: START - FEES + Decimal("0.009")})) == []


@pytest.mark.parametrize("who", ["execution", "risk"])
def test_who_says_nothing_does_not_agree(who: str) -> None:
    story, rows, books = told()
    assert len(disagreements(story.lines, rows, replace(books, **{who: None}))) == 1


def _lacks_fill(rows: JournalRows) -> None:
    rows.fills.popitem()


def _invents_fill(rows: JournalRows) -> None:
    rows.fills["BTCUSDT", 99_999] = next(iter(rows.fills.values()))


def _wrong_fill(rows: JournalRows) -> None:
    key, (side, quantity, price, fee, realized) = next(iter(rows.fills.items()))
    rows.fills[key] = (side, quantity, price, fee + Decimal("0.00000002"), realized)


def _lacks_order(rows: JournalRows) -> None:
    rows.orders.clear()


@pytest.mark.parametrize("defect", [_lacks_fill, _invents_fill, _wrong_fill, _lacks_order])
def test_a_journal_with_one_defect_is_found(defect: Callable[[JournalRows], None]) -> None:
    """JRN-1: each order and fill once, as the exchange has it."""
    story, rows, books = told()
    defect(rows)
    assert len(disagreements(story.lines, rows, books)) == 1


def test_an_intent_is_told_by_a_refusal_a_failed_entry_or_a_trade() -> None:
    rows = JournalRows(
        intents=[(name, "BTCUSDT", Decimal(1), 9) for name in ("refused", "failed", "traded", "silent")],
        told={"traded"},
        alerts=["refused.expired.refused", "entry_failed.failed.17", "halt.0"],
    )
    found = approvals(rows, "0000")
    assert [found[client_order_id("e", "0000", name, "entry")].told for name, *_ in rows.intents] == [
        True,
        True,
        True,
        False,
    ]
