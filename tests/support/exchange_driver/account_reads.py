"""A loop that keeps what it is fed, and an account whose reads a test lets fail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import msgspec

from services.execution.drivers.exchange.account_sync import AccountSync
from services.execution.drivers.exchange.income_rows import TransferRows
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.inputs import Input, Statement
from services.execution.state import ExecutionState
from shared.domain.control import Alert
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import MarkPrice
from tests.support.exchange.moved_port import MovedPort

HOUR = 3_600_000
NOW = 100 * HOUR


class FedLoop:
    """A money loop that only keeps what it is fed."""

    def __init__(self) -> None:
        self.fed: list[Input] = []
        self.time = NOW
        self.core = self
        self.state = ExecutionState()
        self.told: list[Alert] = []
        self.errors: list[ExchangeError] = []

    def now(self) -> int:
        return self.time

    def tell(self, *alerts: Alert) -> None:
        self.told += alerts

    def feed(self, taken: Input) -> None:
        self.fed.append(taken)


class Told(MovedPort):
    """An account whose reads a test lets fail; BNB is worth 600 USDT if it is listed."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str | None] = set()
        self.listed = True
        self.asked: list[str | None] = []
        self.usdt = Decimal(1_000)

    async def open_orders(self, symbol: str | None = None) -> Any:
        self.asked.append(symbol)
        if symbol in self.failing:
            raise ExchangeError("refuse", -1121, "Invalid symbol.", call="GET openOrders", status=400)
        return await super().open_orders(symbol)

    async def balances(self) -> Any:
        if "balances" in self.failing:
            raise ExchangeError("retry", -1001, "away", call="GET balance")
        return tuple(
            msgspec.structs.replace(each, wallet=self.usdt) if each.asset == "USDT" else each
            for each in await super().balances()
        )

    async def income(self, **more: Any) -> Any:
        if "income" in self.failing:
            raise ExchangeError("retry", -1001, "away", call="GET income")
        return await super().income(**more)

    async def brackets(self, symbol: str | None = None) -> Any:
        if "brackets" in self.failing:
            raise ExchangeError("retry", -1001, "away", call="GET leverageBracket")
        return await super().brackets(symbol)

    async def mark_prices(self, symbol: str | None = None) -> Any:
        if symbol != "BNBUSDT" and "mark_prices" in self.failing:
            raise ExchangeError("retry", -1001, "away", call="GET premiumIndex")
        if symbol == "BNBUSDT" and self.listed:
            return (MarkPrice(symbol=symbol, time=1, mark=SIX, index=SIX, funding_rate=Decimal(0), next_funding=0),)
        marks = await super().mark_prices(symbol)
        return tuple(
            msgspec.structs.replace(each, funding_rate=Decimal("0.0003"), next_funding=NOW + HOUR) for each in marks
        )


SIX = Decimal(600)


def statements(exchange: Told, loop: FedLoop) -> AccountSync:
    def failed(error: ExchangeError) -> None:
        loop.errors.append(error)

    return AccountSync(
        exchange,
        cast(MoneyLoop, loop),
        ("BTCUSDT", "ETHUSDT"),
        5.0,
        Readiness(),
        failed,
        lambda order: False,
        TransferRows(exchange, cast(MoneyLoop, loop), 7_200, failed).read,
    )


def stated(loop: FedLoop) -> list[Statement]:
    return [each for each in loop.fed if isinstance(each, Statement)]
