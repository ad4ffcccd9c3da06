"""A transfer is told once, whether the user stream or the income history tells it, in whichever order (RISK-3)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.inputs import Moved, News
from shared.domain.account import AccountStatement, Transfer
from shared.exchange.model.user_events import AccountUpdate, WalletChange
from tests.support.execution.desk import START, Desk

D = Decimal
SECOND = 1_000


def event(amount: str, at: int, reason: str = "DEPOSIT", wallet: str = "1") -> News:
    change = WalletChange(asset="USDT", wallet=D(wallet), cross_wallet=D(wallet), change=D(amount))
    return News(event=AccountUpdate(time=at, reason=reason, wallets=(change,), positions=()))


def rows(asked_at: int, *told: tuple[str, str, int]) -> Moved:
    return Moved(transfers=tuple(Transfer(id=row, time=at, amount=D(amount)) for row, amount, at in told), asked_at=asked_at)


def begun() -> Desk:
    """A desk that has read the history once, at START."""
    desk = Desk()
    desk.core.handle(rows(START), START)
    return desk


def told(desk: Desk) -> list[tuple[Decimal, int]]:
    """What the statements after now tell, in order."""
    before = len(desk.driver.messages)
    desk.run(130 * SECOND, step=5 * SECOND)
    stated = [each for each in desk.driver.messages[before:] if isinstance(each, AccountStatement)]
    return [(each.amount, each.time) for one in stated for each in one.transfers]


AT = START + 10 * SECOND


def test_a_transfer_that_only_the_history_tells_is_told_once() -> None:
    """RISK-3: it was made while the stream was away; each reading lists it again."""
    desk = begun()
    for late in (20, 30, 40):
        desk.core.handle(rows(START + late * SECOND, ("r1", "-600", AT)), START + late * SECOND)
    assert told(desk) == [(D(-600), AT)]


@pytest.mark.parametrize("apart", [-60_000, -1, 0, 1, 60_000])
@pytest.mark.parametrize("stream_first", [True, False])
def test_a_transfer_that_both_tell_is_told_once(stream_first: bool, apart: int) -> None:
    """RISK-3: the event has no id; its time and the row's are not the same."""
    desk = begun()
    both = [event("-600", AT + 60_000, "WITHDRAW"), rows(START + 200 * SECOND, ("r1", "-600", AT + 60_000 + apart))]
    for each in both if stream_first else reversed(both):
        desk.core.handle(each, START + 200 * SECOND)
    assert [amount for amount, _ in told(desk)] == [D(-600)]


@pytest.mark.parametrize("stream_first", [True, False])
def test_of_three_alike_those_that_the_stream_missed_are_told_by_the_history(stream_first: bool) -> None:
    """RISK-3: as many as there were, whichever they are."""
    desk = begun()
    both = [event("100", AT + 1), rows(START + 30 * SECOND, *((f"r{n}", "100", AT + n) for n in range(3)))]
    for each in both if stream_first else reversed(both):
        desk.core.handle(each, START + 30 * SECOND)
    assert [amount for amount, _ in told(desk)] == [D(100)] * 3


def test_transfers_of_another_amount_or_far_apart_are_two() -> None:
    """RISK-3."""
    desk = begun()
    desk.core.handle(event("100", AT), AT)
    desk.core.handle(rows(START + 90 * SECOND, ("r1", "100.01", AT), ("r2", "100", AT + 60_001)), START + 90 * SECOND)
    assert sorted(told(desk)) == [(D(100), AT), (D(100), AT + 60_001), (D("100.01"), AT)]


def test_transfers_from_before_the_first_reading_are_in_the_wallet_already() -> None:
    """RISK-3: a first start, or an emptied store: its first statement shows them."""
    desk = Desk()
    desk.core.handle(rows(START, ("r0", "500", START - 1)), START)
    desk.core.handle(rows(START + 1, ("r0", "500", START - 1), ("r1", "7", START)), START + 1)
    assert told(desk) == [(D(7), START)]


def test_a_restart_forgets_no_row_and_knows_from_when_to_read() -> None:
    """RISK-3, EXEC-2."""
    desk = begun()
    desk.core.handle(rows(START + 20 * SECOND, ("r1", "-600", AT)), START + 20 * SECOND)
    assert told(desk) == [(D(-600), AT)]
    desk.driver.restart(desk.core.snapshot())
    desk.core.handle(rows(desk.now, ("r1", "-600", AT), ("r2", "50", AT + 1)), desk.now)
    assert told(desk) == [(D(50), AT + 1)]
    assert desk.core.state.transfers_from == START
    assert desk.core.state.transfers_until > START + 20 * SECOND


def test_the_memory_of_transfers_is_bounded() -> None:
    """Invariant 6."""
    desk = begun()
    for number in range(1_100):
        desk.core.handle(event(str(number + 1), AT + number, wallet=str(number)), AT)
    assert len(desk.core.state.moves) == 1_024


def test_a_transfer_between_the_first_statement_and_the_first_reading_is_told() -> None:
    """RISK-3: the history is first read when a wallet has moved unseen; what moved it is no result."""
    desk = Desk()  # the account was stated at START
    desk.core.handle(rows(START + 60 * SECOND, ("r0", "50", START - 1), ("r1", "-600", AT)), START + 60 * SECOND)
    assert told(desk) == [(D(-600), AT)]
