"""``--direct``: everything is closed straight at the exchange, together, whatever else is ill (RISK-7)."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.emergency.direct import Direct, parts_of
from shared.domain.order_words import PositionSide, Side
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from tests.support.exchange_driver.scene import BTC, ETH, Scene, scene

TEN = (BTC, ETH, *(f"{base}USDT" for base in ("SOL", "XRP", "BNB", "ADA", "DOGE", "LINK", "AVAX", "LTC")))
LATENCY_MS = 200


class Desk:
    """An operator's client at a simulator's server, and what was there before he came."""

    def __init__(self, at: Scene, exchange: BinanceExchange) -> None:
        self.at = at
        self.exchange = exchange

    @property
    def direct(self) -> Direct:
        return Direct(self.exchange, self.at.lineage, uuid.uuid4().hex, patience=5.0)

    async def buy(self, symbol: str, side: Side = "BUY", leg: PositionSide = "BOTH") -> None:
        """A position of about 200 USDT."""
        rules = (await self.exchange.exchange_info()).symbols[symbol]
        mark = (await self.exchange.mark_prices(symbol))[0].mark
        steps = (Decimal(200) / mark / rules.step_size).to_integral_value()
        await self._place(symbol, "MARKET", side, quantity=max(steps, 1) * rules.step_size, position_side=leg)

    async def rest(self, symbol: str = BTC) -> None:
        """An entry that rests far below."""
        price = ((await self.exchange.mark_prices(symbol))[0].mark * Decimal("0.98")).quantize(Decimal(1))
        await self._place(symbol, "LIMIT", quantity=Decimal("0.010"), price=price)

    async def stop(self, symbol: str = BTC) -> None:
        """A stop that closes the whole position."""
        trigger = ((await self.exchange.mark_prices(symbol))[0].mark * Decimal("0.95")).quantize(Decimal(1))
        await self._place(symbol, "STOP_MARKET", "SELL", trigger=trigger, close_position=True)

    async def _place(self, symbol: str, kind: Any, side: Side = "BUY", **fields: Any) -> None:
        identity = f"web_{uuid.uuid4().hex[:20]}"
        placed = await self.exchange.place(NewOrder(client_id=identity, symbol=symbol, side=side, type=kind, **fields))
        assert isinstance(placed, Accepted), placed

    async def held(self) -> list[str]:
        return sorted(each.symbol for each in await self.exchange.positions() if each.quantity)

    async def resting(self) -> list[str]:
        return sorted(each.type for each in await self.exchange.open_orders())


@asynccontextmanager
async def desk(spill: Path, names: Sequence[str] = (BTC, ETH)) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(scene(spill, server={"names": tuple(names)}))
        exchange = at.adapter()
        stack.push_async_callback(exchange.close)
        await exchange.start()
        yield Desk(at, exchange)


async def test_ten_positions_entries_and_orphans_are_gone_after_a_few_round_trips(tmp_path: Path) -> None:
    """RISK-7: every request takes a fifth of a second, and the closes leave together."""
    async with desk(tmp_path, TEN) as at:
        for number, symbol in enumerate(TEN):
            await at.buy(symbol, "SELL" if number % 2 else "BUY")
        await at.rest(BTC)
        await at.stop(BTC)
        await at.at.hand.fault("latency", ms=LATENCY_MS)
        began = time.monotonic()
        result = await at.direct.flatten()
        seconds = time.monotonic() - began
        await at.at.hand.lift()
        assert result.left == ()
        assert await at.held() == []
        assert await at.resting() == []
        trades = [each for each in (await at.at.truth())["trades"] if each["symbol"] in TEN][-len(TEN) :]
        span = max(each["time"] for each in trades) - min(each["time"] for each in trades)
        print(f"ten closes within {span} ms of each other; {seconds * 1000 / LATENCY_MS:.1f} round trips in all")
        assert span < 5 * LATENCY_MS, "one after the other they would be ten round trips apart"
        orders = [each for each in (await at.at.truth())["orders"] if each["clientOrderId"].startswith("icto")]
        assert len(orders) == len(TEN)
        assert all(each["reduceOnly"] for each in orders)


async def test_cancel_takes_entries_away_and_leaves_what_protects(tmp_path: Path) -> None:
    """RISK-7: `ict cancel --direct`."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.stop(BTC)
        await at.rest(BTC)
        await at.rest(ETH)
        result = await at.direct.cancel()
        assert result.left == ()
        assert [act.done for act in result.acts] == [True, True]
        assert await at.resting() == ["STOP_MARKET"]
        assert await at.held() == [BTC]


async def test_a_close_that_is_refused_once_is_sent_again(tmp_path: Path) -> None:
    """RISK-7: until the account is flat."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.at.hand.fault("error_answer", code=-1111, method="POST", path="/fapi/v1/order", count=1)
        result = await at.direct.flatten()
        assert result.left == ()
        assert await at.held() == []
        assert sorted(act.done for act in result.acts) == [False, True]


async def test_positions_that_cannot_be_read_after_the_first_closes_are_read_again_until_the_time_is_over(
    tmp_path: Path,
) -> None:
    """RISK-7: one answer that is an error must not end what has begun."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.at.hand.fault("error_answer", code=-1111, method="POST", path="/fapi/v1/order", count=1)
        await at.at.hand.fault("error_answer", code=-1130, method="GET", path="/fapi/v3/positionRisk", nth=2, count=3)
        result = await at.direct.flatten()
        assert result.left == ()
        assert await at.held() == []


async def test_positions_that_cannot_be_read_any_more_are_told_as_they_were(tmp_path: Path) -> None:
    """RISK-7: what is not known to be closed is not told as closed."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.at.hand.fault("error_answer", code=-1111, method="POST", path="/fapi/v1/order")
        await at.at.hand.fault("error_answer", code=-1130, method="GET", path="/fapi/v3/positionRisk", nth=2)
        result = await Direct(at.exchange, at.at.lineage, "run", patience=1.0).flatten()
        await at.at.hand.lift()
        assert any(each.startswith(f"{BTC}: ") and "still held" in each for each in result.left)


async def test_an_entry_that_fills_while_it_is_cancelled_is_closed_too(tmp_path: Path) -> None:
    """RISK-7: flat is what is flat after the last cancel."""
    async with desk(tmp_path) as at:
        await at.rest(ETH)
        cancel, filled = at.exchange.cancel, []

        async def filled_first(*arguments: Any, **more: Any) -> Any:
            if not filled:
                filled.append(ETH)
                await at.buy(ETH)
            return await cancel(*arguments, **more)

        at.exchange.cancel = filled_first  # type: ignore[method-assign]  # the exchange moves between two of our requests
        result = await at.direct.flatten()
        assert filled == [ETH]
        assert result.left == ()
        assert await at.held() == []


async def test_the_largest_orders_are_asked_for_again_when_they_could_not_be_read(tmp_path: Path) -> None:
    """RISK-7: a position above the market's maximum is closed in parts, also when the first read of the filters failed."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        failing = [ExchangeError("retry", -1001, "internal error", call="GET exchangeInfo")]
        read = at.exchange.exchange_info

        async def fails_once() -> Any:
            if failing:
                raise failing.pop()
            return await read()

        at.exchange.exchange_info = fails_once  # type: ignore[method-assign]  # as a fault of one answer
        direct = at.direct
        await at.at.hand.fault("error_answer", code=-4005, method="POST", path="/fapi/v1/order", count=2)
        assert (await direct.flatten()).left == ()
        assert direct._largest, "they were read in the end"
        assert await at.held() == []


async def test_positions_are_closed_while_open_orders_cannot_be_read(tmp_path: Path) -> None:
    """RISK-7: what can be done is done, and what cannot is told."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.stop(BTC)
        await at.at.hand.fault("error_answer", code=-1130, method="GET", path="/fapi/v1/openOrders")
        result = await at.direct.flatten()
        await at.at.hand.lift()
        assert any("open orders cannot be read" in each for each in result.left)
        assert await at.held() == []
        assert await at.resting() == [], "all orders of a symbol that is flat now are cancelled at once"


async def test_a_position_that_cannot_be_closed_is_told_and_keeps_its_stop(tmp_path: Path) -> None:
    """RISK-7: a stop is taken away from nobody who still needs it."""
    async with desk(tmp_path) as at:
        await at.buy(BTC)
        await at.stop(BTC)
        await at.buy(ETH)
        await at.at.hand.fault("error_answer", code=-1111, method="POST", path="/fapi/v1/order", symbol=BTC)
        result = await Direct(at.exchange, at.at.lineage, "run", patience=1.0).flatten()
        assert any(each.startswith(f"{BTC}: ") and "still held" in each for each in result.left)
        assert await at.held() == [BTC]
        assert await at.resting() == ["STOP_MARKET"]


async def test_both_legs_of_hedge_mode_are_closed(tmp_path: Path) -> None:
    """RISK-7: there the leg says that an order reduces, and reduceOnly is refused."""
    async with desk(tmp_path) as at:
        await at.exchange.set_hedge_mode(True)
        await at.buy(BTC, "BUY", "LONG")
        await at.buy(BTC, "SELL", "SHORT")
        result = await at.direct.flatten()
        assert result.left == ()
        assert await at.held() == []


async def test_a_running_execution_halts_and_tidies_after_it(tmp_path: Path) -> None:
    """RISK-7: it must not enter again what a person has just closed."""
    async with desk(tmp_path) as at, at.at.running() as process:
        await at.at.open()
        result = await at.direct.flatten()
        assert result.left == ()
        await at.at.until(lambda: process.core.state.halted is not None)
        assert "operator" in process.core.state.halted.why
        await at.at.until(at.at.flat)
        await at.at.until(lambda: not process.core.state.plans)


@pytest.mark.parametrize(
    ("quantity", "largest", "parts"),
    [("5", None, ["5"]), ("5", "0", ["5"]), ("5", "5", ["5"]), ("5", "2", ["2", "2", "1"]), ("4", "2", ["2", "2"])],
)
def test_a_position_is_split_into_orders_that_the_exchange_takes(
    quantity: str, largest: str | None, parts: list[str]
) -> None:
    """RISK-7: a large position is closed too."""
    found = parts_of(Decimal(quantity), None if largest is None else Decimal(largest))
    assert found == [Decimal(each) for each in parts]
