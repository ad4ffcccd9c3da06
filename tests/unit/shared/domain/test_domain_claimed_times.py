"""Every message tells the time that it claims, wherever in it the time stands."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bus.codec import MESSAGE_TYPES
from shared.domain.account import AccountState, AccountStatement, FundingPayment
from shared.domain.message import Message
from shared.domain.orders import Fill, Order, OrderEvent
from tests.support.bus.message_samples import samples

ZERO, ONE = Decimal(0), Decimal(1)
FAR = 4_070_908_800_000  # 2099
#: Fields of a message by which its readers would move a watermark.
NAMES = frozenset({"time", "close_time", "decided_at"})


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.TYPE)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_time_of_its_own_is_claimed(kind: type[Message], data: st.DataObject) -> None:
    """Invariant 6: a type that forgets its time would slip a forged one past every border."""
    sample = data.draw(samples(kind))
    own = NAMES & set(kind.__struct_fields__)
    for name in own:
        assert msgspec.structs.replace(sample, **{name: FAR}).at >= FAR
    if not own:
        assert kind.TYPE in ("control", "feed_history"), "a message without a time: say here why"


def test_times_inside_a_message_are_claimed_too() -> None:
    """Invariant 6: account and payments of a statement, order and fill of an event each move a watermark of their own."""

    def statement(asked: int = 1, held: int = 1, paid: int = 1) -> AccountStatement:
        payment = FundingPayment(symbol="BTCUSDT", time=paid, rate=ZERO, amount=ZERO)
        account = AccountState(time=held, wallet=ZERO, equity=ZERO)
        return AccountStatement(time=5, asked_at=asked, account=account, funding=(payment,))

    def event(changed: int = 1, filled: int = 1) -> OrderEvent:
        order = Order(client_id="o", symbol="BTCUSDT", side="BUY", type="LIMIT", quantity=ONE, updated_at=changed)
        fill = Fill(
            id="f", client_id="o", symbol="BTCUSDT", side="BUY", quantity=ONE, price=ONE, fee=ZERO, realized=ZERO,
            maker=False, time=filled,
        )  # fmt: skip
        return OrderEvent(time=5, origin="ours", purpose="entry", intent_id="i", order=order, fill=fill)

    assert statement().at == event().at == 5
    assert statement(asked=FAR).at == statement(held=FAR).at == statement(paid=FAR).at == FAR
    assert event(changed=FAR).at == event(filled=FAR).at == FAR
