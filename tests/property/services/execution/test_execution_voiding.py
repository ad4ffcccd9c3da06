"""What voids an entry, for any prices: mirrored alike, more of it never less, and only what came after the decision."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.execution.inputs import Traded
from services.execution.voiding import voids
from shared.domain.intents import ExitRung, OrderIntent
from tests.support.execution.desk import BTC, START, intent

D = Decimal
PRICES = st.decimals(D(1), D(199), places=1)


def buys(void_at: Decimal, side: str = "BUY") -> OrderIntent:
    """An entry that rests at 100; for a sell, mirrored at 100."""
    sign = 1 if side == "BUY" else -1
    return intent(
        side=side, kind="limit", price=D(100), bound=D(100), rests_until=START + 60_000, stop=D(100) - sign * D(5),
        exits=(ExitRung(price=D(100) + sign * D(99)),), void_at=D(100) + sign * void_at,
    )  # fmt: skip


@given(away=st.decimals(D("0.1"), D(99), places=1), low=PRICES, high=PRICES, more=st.decimals(D(0), D(50), places=1))
def test_it_is_mirrored_alike_and_more_of_it_is_never_less(away: D, low: D, high: D, more: D) -> None:
    """SIG-7: a buy is void at its price or above, whatever else traded."""
    one = Traded(symbol=BTC, low=min(low, high), high=max(low, high), since=START)
    turned = Traded(symbol=BTC, low=200 - one.high, high=200 - one.low, since=START)
    void = voids(buys(away), one)
    assert void == (one.high >= 100 + away) == voids(buys(away, "SELL"), turned)
    wider = Traded(symbol=BTC, low=one.low - more, high=one.high + more, since=START)
    assert voids(buys(away), wider) >= void


@given(since=st.integers(0, 2 * START))
def test_only_what_traded_since_the_decision_counts(since: int) -> None:
    """Invariant 1."""
    assert voids(buys(D(5)), Traded(symbol=BTC, low=D(1), high=D(199), since=since)) == (since >= START)
