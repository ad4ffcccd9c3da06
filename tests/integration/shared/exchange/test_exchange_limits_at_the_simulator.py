"""The limits that the simulator states are those that it enforces, and the adapter keeps to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.errors import ExchangeError
from shared.exchange.limits.news import LimitsNews
from shared.exchange.settings import ExchangeSettings
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.simulator.protocol_server import Hand, a_hand, a_server

#: Just after the beginning of a minute, in which the windows of the exchange begin, a test has time.
QUICK = {"protect_wait_s": 0.05, "order_wait_s": 0.05, "read_wait_s": 0.05}


@asynccontextmanager
async def at_a_server(limiter: dict[str, Any] | None = None, **server: Any) -> AsyncIterator[tuple[BinanceExchange, Hand]]:
    async with a_server(**server) as serving, a_hand(serving) as hand:
        settings = ExchangeSettings.model_validate(
            {
                "key": SecretStr(TEST_KEY),
                "secret": SecretStr(TEST_SECRET),
                "rest_url": serving.url,
                "stream_url": serving.sockets_url,
                "read_attempts": 1,
                "limiter": {**QUICK, **(limiter or {})},
            }
        )
        exchange = BinanceExchange("demo", settings, None, "execution")
        try:
            await exchange.start()
            yield exchange, hand
        finally:
            await exchange.close()


async def spent(exchange: BinanceExchange, most: int) -> int:
    """Ask for balances (weight 5) until our own limiter refuses, and not the exchange; how often they came."""
    for came in range(most):
        try:
            await exchange.balances()
        except ExchangeError as error:
            if (error.code, error.status) == (-1015, 0):
                return came
            raise
    raise AssertionError("our limiter lets everything through")


async def test_the_adapter_keeps_to_the_limits_that_the_exchange_states() -> None:
    """EXEC-6: 80 weight a minute is stated and enforced with 429; half of it is execution's, of that 90 % for balances."""
    async with at_a_server(weight_minute=80, orders_ten_seconds=50, orders_minute=60) as (exchange, _):
        info = await exchange.exchange_info()
        assert [(each.kind, each.interval_ms, each.limit) for each in info.limits] == [
            ("REQUEST_WEIGHT", 60_000, 80),
            ("ORDERS", 60_000, 60),
            ("ORDERS", 10_000, 50),
        ]
        assert 6 <= await spent(exchange, 20) <= 14, "36 of 40; twice that if a minute began meanwhile"


async def test_before_the_limits_are_read_the_exchange_says_429_and_is_obeyed() -> None:
    """EXEC-6: the shipped limits are more than this one allows; no call follows its first refusal, so no ban does."""
    async with at_a_server(weight_minute=20, ban_after=1) as (exchange, _):
        told: list[LimitsNews] = []
        exchange.watch_limits(told.append)
        refused: list[tuple[int, int]] = []
        for _ in range(12):
            try:
                await exchange.balances()
            except ExchangeError as error:
                refused.append((error.code, error.status))
        assert refused[0] in ((-1003, 429), (-1015, 0))
        assert set(refused[1:]) == {(-1015, 0)}, "held back here"
        assert told == [], "no ban"


async def test_a_ban_is_told_with_its_end() -> None:
    """EXEC-6: whatever call met it."""
    async with at_a_server() as (exchange, hand):
        told: list[LimitsNews] = []
        exchange.watch_limits(told.append)
        await hand.fault("banned_418", path="/fapi/v3/balance", retry_after_s=90, count=1)
        with pytest.raises(ExchangeError):
            await exchange.balances()
        (news,) = told
        assert news.event == "banned"
        assert 80_000 < news.until - exchange.now() <= 90_000
