"""What the driver reads of the account: statements, orders, prices of fees, margin tiers, funding, transfers."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from services.execution import reporting
from services.execution.drivers.exchange.account_sync import AccountSync
from services.execution.drivers.exchange.income_rows import TransferRows
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.inputs import Moved, Statement
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from services.execution.state import ExecutionState
from shared.domain.account import AccountStatement, NextFunding, Transfer
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.market_data import MarkPrice
from tests.support.exchange_driver.account_reads import HOUR, NOW, SIX, FedLoop, Told, stated, statements


async def test_the_first_statement_reads_the_orders_of_every_symbol_and_later_ones_our_own() -> None:
    """EXEC-4: all symbols cost as much as those of forty; they are read where something may have been missed."""
    exchange, loop = Told(), FedLoop()
    reads = statements(exchange, loop)
    assert await reads.read()
    assert await reads.read()
    reads.ask(whole=True)
    assert await reads.read()
    assert exchange.asked == [None, "BTCUSDT", "ETHUSDT", None]
    assert [each.listed for each in stated(loop)] == [None, frozenset({"BTCUSDT", "ETHUSDT"}), None]


async def test_a_symbol_without_orders_says_nothing_of_itself_and_is_named_once() -> None:
    """EXEC-4, fault 3: the others are read; -1121 leaves the symbol out from then on."""
    exchange, loop = Told(), FedLoop()
    exchange.failing = {None, "ETHUSDT"}
    reads = statements(exchange, loop)
    assert await reads.read()
    assert await reads.read()
    assert [each.listed for each in stated(loop)] == [frozenset({"BTCUSDT"})] * 2
    assert exchange.asked.count("ETHUSDT") == 1
    assert [alert.key for alert in loop.told] == ["unknown_symbol.ETHUSDT"]


async def test_without_balances_there_is_no_statement() -> None:
    """EXEC-4: half an account is none; who hears of a failure decides what it means."""
    exchange, loop = Told(), FedLoop()
    exchange.failing = {"balances"}
    assert not await statements(exchange, loop).read()
    assert stated(loop) == []
    assert [error.code for error in loop.errors] == [-1001]


class Torn(Told):
    """A stop fills between the two answers and realises ``won`` USDT; ``first`` was asked a moment before.

    isolated: margin of the position; 0 = cross. A question that comes after both is answered as it is then.
    """

    def __init__(self, first: str, won: int, isolated: int = 0) -> None:
        super().__init__()
        self.first, self.won, self.isolated = first, Decimal(won), Decimal(isolated)

    async def balances(self) -> Any:
        before = self.first == "balances"
        (purse,) = [each for each in await super().balances() if each.asset == "USDT"]
        wallet, crossed = 1_000 + (0 if before else self.won), self.won if before and not self.isolated else Decimal(0)
        return (msgspec.structs.replace(purse, wallet=Decimal(wallet), cross_unrealized=crossed),)

    async def account(self) -> Any:
        (purse,) = [each for each in await super().balances() if each.asset == "USDT"]
        after = (msgspec.structs.replace(purse, wallet=1_000 + self.won, cross_unrealized=Decimal(0)),)
        return msgspec.structs.replace(await super().account(), balances=after, unrealized=Decimal(0))

    async def positions(self, symbol: str | None = None) -> Any:
        names = ("entry", "break_even", "liquidation", "notional", "initial_margin", "maintenance_margin")
        leg = PositionRisk(
            symbol="BTCUSDT", side="BOTH", quantity=Decimal(10), mark=Decimal(84), unrealized=self.won, updated_at=NOW,
            isolated_wallet=self.isolated, **dict.fromkeys(names, Decimal(0)),
        )  # fmt: skip
        return (leg,) if self.first == "positions" else ()


@pytest.mark.parametrize("isolated", [0, 100], ids=["cross", "isolated"])
@pytest.mark.parametrize("won", [-160, 160])
@pytest.mark.parametrize("first", ["balances", "positions"])
async def test_a_position_that_closes_between_the_two_answers_counts_once(first: str, won: int, isolated: int) -> None:
    """Issue "risk", bad input: statements that contradict each other. Counted twice it would have halted the day."""
    loop = FedLoop()
    reading = statements(Torn(first, won, isolated), loop)
    reading._isolated = bool(isolated)  # the statement before had it
    assert await reading.read()
    (statement,) = stated(loop)
    assert statement.equity == 1_000 + won


async def test_without_the_account_of_an_isolated_position_there_is_no_statement() -> None:
    """Invariant 7: half an answer is none."""

    class Away(Torn):
        async def account(self) -> Any:
            raise ExchangeError("retry", -1001, "away", call="GET account")

    loop = FedLoop()
    assert not await statements(Away("positions", -160, 100), loop).read()
    assert stated(loop) == []
    assert [error.code for error in loop.errors] == [-1001]


async def test_fees_in_another_asset_are_priced_with_every_statement() -> None:
    """EXEC-4: an asset without a price is alerted once, and counts as nothing."""
    exchange, loop = Told(), FedLoop()
    reads = statements(exchange, loop)
    reads.paid_in("BNB")
    assert await reads.read()
    assert stated(loop)[-1].fee_prices == {"BNB": SIX}
    exchange.listed = False
    assert await reads.read()
    assert await reads.read()
    assert stated(loop)[-1].fee_prices == {"BNB": None}
    assert [alert.key for alert in loop.told] == ["fee_asset.BNB"]


async def test_a_price_that_does_not_come_holds_up_no_statement() -> None:
    """EXEC-4, fault 6: what stands beside the account is as it was last; it comes with a later statement."""
    exchange, loop = Told(), FedLoop()
    loop.state.fee_prices["BNB"] = Decimal(5)
    answered = asyncio.Event()

    async def slow(symbol: str | None = None) -> tuple[MarkPrice, ...]:
        await answered.wait()
        return await Told.mark_prices(exchange, symbol)

    exchange.mark_prices = slow  # type: ignore[method-assign]  # a fault
    reads = statements(exchange, loop)
    reads.paid_in("BNB")
    assert await asyncio.wait_for(reads.read(), 5.0)
    assert stated(loop)[-1].fee_prices == {"BNB": Decimal(5)}
    answered.set()
    assert await reads.read()
    assert stated(loop)[-1].fee_prices == {"BNB": SIX}


async def test_statements_come_more_often_while_a_trade_lives() -> None:
    """EXEC-3: a stop that is gone without a word must show before the position is bare for too long."""
    reads = statements(Told(), loop := FedLoop())
    assert reads._pause() == 5.0
    loop.state.plans["BTCUSDT:BOTH"] = cast(Plan, object())
    assert reads._pause() == 2.0


async def test_of_many_symbols_the_idle_are_not_asked_about_at_every_statement() -> None:
    """EXEC-4, EXEC-6: such a statement says nothing of their orders; where a position stands it does."""
    exchange, loop = Told(), FedLoop()
    names = ("BTCUSDT", "ETHUSDT", *(f"S{each:03d}USDT" for each in range(78)))
    transfers = TransferRows(exchange, cast(MoneyLoop, loop), 7_200, lambda error: None).read
    reads = AccountSync(
        exchange, cast(MoneyLoop, loop), names, 5.0, Readiness(), lambda error: None, lambda order: False, transfers
    )
    loop.state.positions["ETHUSDT:BOTH"] = LegPosition(symbol="ETHUSDT", stated=Decimal(1))
    assert await reads.read()
    loop.time += 5_000
    assert await reads.read()
    loop.state.positions.clear()
    assert await reads.read()
    assert exchange.asked == [None, "ETHUSDT"]
    assert [each.listed for each in stated(loop)] == [None, frozenset({"ETHUSDT"}), frozenset()]


async def test_margin_tiers_come_with_a_later_statement_and_then_after_ten_minutes() -> None:
    """RISK-2: no statement waits for them, and a refusal is tried again."""
    exchange, loop = Told(), FedLoop()
    reads = statements(exchange, loop)
    exchange.failing = {"brackets"}
    for _ in range(3):
        assert await reads.read()
        await asyncio.sleep(0)
    assert not any(each.tiers for each in stated(loop))
    exchange.failing = set()
    while not stated(loop)[-1].tiers:
        assert await reads.read()
        await asyncio.sleep(0)
    tiers = stated(loop)[-1].tiers
    assert set(tiers) == {"BTCUSDT", "ETHUSDT"}
    expected = (await exchange.brackets("BTCUSDT"))["BTCUSDT"]
    assert [(each.floor, each.maintenance_rate, each.cum, each.max_leverage) for each in tiers["BTCUSDT"]] == [
        (row.floor, row.maintenance_rate, row.cum, row.max_leverage) for row in expected
    ]
    for _ in range(3):
        assert await reads.read()
        await asyncio.sleep(0)
        assert not stated(loop)[-1].tiers


async def test_next_fundings_come_with_a_later_statement_and_then_after_a_minute() -> None:
    """RISK-2, RISK-6: of the traded symbols; no statement waits for them, and a refusal is tried again."""
    exchange, loop = Told(), FedLoop()
    reads = statements(exchange, loop)

    async def next_three() -> list[dict[str, NextFunding]]:
        """What the next three statements tell."""
        for _ in range(3):
            assert await reads.read()
            for _ in range(5):
                await asyncio.sleep(0)
        return [each.next_fundings for each in stated(loop)[-3:] if each.next_fundings]

    exchange.failing = {"mark_prices"}
    assert await next_three() == []
    exchange.failing = set()
    expected = NextFunding(rate=Decimal("0.0003"), due=NOW + HOUR, as_of=NOW)
    assert await next_three() == [{"BTCUSDT": expected, "ETHUSDT": expected}]
    loop.time += 59_999
    assert await next_three() == []
    loop.time += 1
    assert len(await next_three()) == 1


def moved(loop: FedLoop) -> list[Moved]:
    return [each for each in loop.fed if isinstance(each, Moved)]


async def test_transfers_are_read_before_a_statement_when_the_wallet_moves_unseen() -> None:
    """RISK-3, EXEC-6: not while the stream tells all, and not at a start that knows no wallet: a reading weighs 30."""
    exchange, loop = Told(), FedLoop()
    reads = statements(exchange, loop)
    counts = []
    for change in ("start", "nothing", "missed", "open", "missed", "away", "away and moved", "open", "later"):
        if change == "missed":
            reads.ask(whole=True)
        if "moved" in change or (change == "missed" and len(counts) == 4):
            exchange.usdt += 1
        loop.state.connected = "away" not in change
        loop.time += 900_000 if change == "later" else 10_000
        assert await reads.read()
        assert isinstance(loop.fed[-1], Statement)
        counts.append(len(moved(loop)))
    assert counts == [0, 0, 0, 0, 1, 1, 2, 2, 3]


async def test_a_process_that_takes_over_reads_transfers_if_the_wallet_is_not_the_one_that_was_known() -> None:
    """RISK-3: what came or went between two processes is no result."""
    for known, expected in ((Told().usdt, 0), (Told().usdt - 5, 1)):
        exchange, loop = Told(), FedLoop()
        loop.state.wallet, loop.state.transfers_until = known, loop.time
        assert await statements(exchange, loop).read()
        assert len(moved(loop)) == expected


async def test_a_reading_of_transfers_that_fails_is_repeated_after_half_a_minute_and_says_so() -> None:
    """RISK-3: the statement does not wait for it; every error is judged."""
    exchange, loop = Told(), FedLoop()
    exchange.failing = {"income"}
    reads = statements(exchange, loop)
    loop.state.wallet = exchange.usdt - 5
    for _ in range(3):
        reads.ask(whole=True)
        assert await reads.read()
    assert (len(loop.errors), moved(loop)) == (1, [])
    exchange.failing = set()
    loop.time += 30_000
    assert await reads.read()
    assert len(moved(loop)) == 1


def test_a_transfer_after_the_question_waits_for_the_next_statement() -> None:
    """RISK-3: the wallet of a statement need not show what happened after it was asked for."""
    state = ExecutionState(transfers=[Transfer(id=str(time), time=time, amount=SIX) for time in (10, 11)])
    (first,) = reporting.statement(state, Statement(time=12, asked_at=10, wallet=SIX, equity=SIX, legs=(), orders=()))
    (second,) = reporting.statement(state, Statement(time=14, asked_at=13, wallet=SIX, equity=SIX, legs=(), orders=()))
    assert isinstance(first, AccountStatement)
    assert isinstance(second, AccountStatement)
    assert [[each.time for each in told.transfers] for told in (first, second)] == [[10], [11]]
