"""Rate limits as exchangeInfo states them: taken where they are plausible, else what was known before holds on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.exchange.binance.wire.exchange_info import Info
from shared.exchange.binance.wire.rest import decode
from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.stated import stated
from shared.exchange.limits.windows import DEFAULT_LIMITS, Cost, Limit, counts_of, header_of
from shared.exchange.model.market_data import RateLimit

WEIGHT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2_400}
SHORT = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300}
LONG = {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1_200}


def rows(*told: Any, raw: bool = False) -> tuple[RateLimit, ...]:
    """The rows as the adapter reads them. raw: ``told`` is the field itself."""
    body = msgspec.json.encode({"serverTime": 1, "symbols": [], "rateLimits": told[0] if raw else told})
    return decode(body, Info).value().limits


def test_the_shipped_limits_are_those_of_the_exchange() -> None:
    """EXEC-6."""
    assert stated(DEFAULT_LIMITS, rows(WEIGHT, SHORT, LONG)) == (DEFAULT_LIMITS, ())


def test_stated_limits_replace_the_shipped_ones() -> None:
    """EXEC-6: also with an interval that is new; what the exchange counts beside is passed over."""
    raw = {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 6_100}
    slow = {**SHORT, "intervalNum": 30, "limit": 500}
    limits, odd = stated(DEFAULT_LIMITS, rows({**WEIGHT, "limit": 1_200}, slow, LONG, raw))
    assert odd == ()
    assert {limit.name: (limit.interval_ms, limit.ceiling) for limit in limits} == {
        "weight_1m": (60_000, 1_200),
        "orders_10s": (10_000, 300),
        "orders_1m": (60_000, 1_200),
        "orders_30s": (30_000, 500),
    }
    assert header_of("orders_30s") == "X-MBX-ORDER-COUNT-30S"
    assert counts_of({"X-MBX-ORDER-COUNT-30S": "7"}, limits) == {"orders_30s": 7}


@pytest.mark.parametrize("change", [{"limit": 0}, {"limit": -5}, {"limit": 10**12}, {"limit": 3}, {"intervalNum": 0}])
def test_an_odd_limit_is_not_believed_and_the_others_are(change: dict[str, Any]) -> None:
    """EXEC-6: with a limit of nothing no stop could leave; with one without bound we would be banned."""
    limits, odd = stated(DEFAULT_LIMITS, rows({**WEIGHT, **change}, {**SHORT, "limit": 100}, LONG))
    assert {limit.name: limit.ceiling for limit in limits} == {"weight_1m": 2_400, "orders_10s": 100, "orders_1m": 1_200}
    assert len(odd) == 1


@pytest.mark.parametrize(
    "told",
    [
        (),
        ({"rateLimitType": "ORDERS"},),
        ("no object",),
        ({**WEIGHT, "interval": "FORTNIGHT"},),
        ({**WEIGHT, "limit": "many"},),
        ({**WEIGHT, "limit": None},),
    ],
)
def test_limits_that_are_missing_or_unreadable_leave_what_was_known(told: tuple[Any, ...]) -> None:
    """EXEC-6: and the symbols are read all the same."""
    limits, odd = stated(DEFAULT_LIMITS, rows(*told))
    assert limits == DEFAULT_LIMITS
    assert odd
    assert stated(DEFAULT_LIMITS, rows({"no": "list"}, raw=True))[0] == DEFAULT_LIMITS


def test_a_limit_that_is_not_stated_any_more_holds_on() -> None:
    """EXEC-6: a limit too many costs little, one too few is answered with a ban."""
    known = (Limit("weight_1m", 60_000, 1_200), *DEFAULT_LIMITS[1:])
    assert stated(known, rows(SHORT, LONG))[0] == known


async def test_a_limiter_keeps_to_what_is_stated_and_tells_odd_limits_once() -> None:
    """EXEC-6: at every reading of the instruments."""
    told: list[LimitsNews] = []
    quick = LimiterSettings(protect_wait_s=0.001)
    one = RateLimiter(None, "x", lambda: 1_780_000_000_000, quick, part="execution")
    one.watch(told.append)
    one.learn(rows(WEIGHT, {**SHORT, "limit": 20}, LONG))
    for _ in range(20):
        await one.admit(Cost(0, 1, 1), "protect")
    with pytest.raises(Throttled):
        await one.admit(Cost(0, 1, 1), "protect")
    one.learn(rows(WEIGHT, {**SHORT, "limit": 0}, LONG))
    one.learn(rows(WEIGHT, {**SHORT, "limit": 0}, LONG))
    assert [each.event for each in told] == ["odd_limits"]
    with pytest.raises(Throttled):
        await one.admit(Cost(0, 1, 1), "protect")


async def test_whoever_knows_no_limits_yet_may_ask_for_them_however_much_others_have_used() -> None:
    """EXEC-6: an execution that takes over in a minute in which the one before has used what higher limits allow."""
    now = 1_780_000_000_000
    one = RateLimiter(None, "x", lambda: now, LimiterSettings(order_wait_s=0.001, read_wait_s=0.001), part="execution")
    await one.heard({"X-MBX-USED-WEIGHT-1M": "5000"})
    with pytest.raises(Throttled):
        await one.admit(Cost(5), "order")
    await one.admit(Cost(1), "read", states_limits=True)
    one.learn(rows({**WEIGHT, "limit": 48_000}, SHORT, LONG))
    await one.admit(Cost(5), "order")
    await one.heard({"X-MBX-USED-WEIGHT-1M": "47999"})
    with pytest.raises(Throttled):
        await one.admit(Cost(1), "read", states_limits=True)


async def test_not_even_the_question_for_the_limits_leaves_while_the_exchange_wants_a_pause() -> None:
    one = RateLimiter(None, "x", lambda: 1_780_000_000_000, LimiterSettings(read_wait_s=0.001), part="execution")
    await one.close_for(5_000)
    with pytest.raises(Throttled):
        await one.admit(Cost(1), "read", states_limits=True)
