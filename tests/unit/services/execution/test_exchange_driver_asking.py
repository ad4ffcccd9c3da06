"""What the driver asks the exchange for: funding that comes late, quotes while the stream is silent, readiness in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.execution import reporting
from services.execution.drivers.exchange.account_sync import AccountSync
from services.execution.drivers.exchange.asking import query_with_child
from services.execution.drivers.exchange.countdown import Countdown
from services.execution.drivers.exchange.executions import Funding, query_executions
from services.execution.drivers.exchange.income_rows import TransferRows
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.quotes import Quotes, QuoteSource
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.inputs import Executions, Input, Moved, Paid, Statement
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from services.execution.requests import QueryExecutions
from services.execution.state import ExecutionState
from shared.domain.account import AccountStatement, NextFunding, Transfer
from shared.domain.control import Alert
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import Income
from shared.exchange.model.market_data import BookTicker, MarkPrice
from shared.exchange.model.orders import AccountTrade, OrderRef
from shared.exchange.port import TradingExchange
from shared.exchange.settings import StreamSettings
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


def income(number: int, time: int) -> Income:
    return Income(symbol="BTCUSDT", kind="FUNDING_FEE", amount=Decimal(number), asset="USDT", time=time, id=str(number))


class Rows:
    """An exchange with income rows and trades; it tells a page at a time."""

    def __init__(self) -> None:
        self.rows: list[Income] = []
        self.trades: list[AccountTrade] = []
        self.starts: list[int] = []

    async def income(self, *, kind: str, start: int, limit: int) -> tuple[Income, ...]:
        self.starts.append(start)
        found = [row for row in self.rows if row.time >= start]
        return tuple(sorted(found, key=lambda row: row.time)[:limit])

    async def funding_history(self, symbol: str, *, limit: int) -> tuple[Any, ...]:
        raise ExchangeError("retry", -1001, "away", call="GET fundingRate")

    async def account_trades(
        self, symbol: str, *, start: int | None = None, from_id: int | None = None, limit: int
    ) -> tuple[AccountTrade, ...]:
        self.starts.append(start or 0)
        found = [
            each for each in self.trades if (start is None or each.time >= start) and (from_id is None or each.id >= from_id)
        ]
        return tuple(found[:limit])

    async def order(self, ref: Any) -> None:
        return None


def paid(loop: FedLoop) -> list[str]:
    return [payment.id for each in loop.fed if isinstance(each, Paid) for payment in each.payments]


async def test_a_payment_that_is_listed_after_later_ones_is_found() -> None:
    """RISK-6, fault 17: each query reaches back, and tells each payment once."""
    exchange, loop = Rows(), FedLoop()
    funding = Funding(cast(TradingExchange, exchange), cast(MoneyLoop, loop), 900.0, 3_600.0, lambda error: None)
    exchange.rows = [income(2, NOW - 1_000)]
    await funding.read()
    exchange.rows.append(income(1, NOW - 60_000))
    loop.time += 10_000
    await funding.read()
    assert paid(loop) == ["2", "1"]
    assert exchange.starts[-1] <= NOW - HOUR


async def test_many_payments_are_read_to_their_end() -> None:
    """RISK-6: more than a page since the last query."""
    exchange, loop = Rows(), FedLoop()
    exchange.rows = [income(each, NOW - 3_000 + each) for each in range(1, 2_501)]
    funding = Funding(cast(TradingExchange, exchange), cast(MoneyLoop, loop), 900.0, 3_600.0, lambda error: None)
    await funding.read()
    assert len(paid(loop)) == 2_500


async def test_executions_are_read_page_by_page_and_not_from_before_what_the_exchange_keeps() -> None:
    """EXEC-4: after a long downtime too."""
    exchange, loop = Rows(), FedLoop()
    one = Decimal(1)
    exchange.trades = [
        AccountTrade(
            symbol="BTCUSDT", id=each, order_id=7, side="BUY", position_side="BOTH", price=one, quantity=one, quote=one,
            commission=one, commission_asset="USDT", realized=one, maker=False, time=NOW - 1_000 + each,
        )
        for each in range(25)
    ]  # fmt: skip
    await query_executions(cast(TradingExchange, exchange), cast(MoneyLoop, loop), QueryExecutions("BTCUSDT", 0), 10)
    (told,) = loop.fed
    assert isinstance(told, Executions)
    assert [trade.id for trade in told.trades] == list(range(25))
    assert exchange.starts[0] > NOW - 7 * 24 * HOUR


class Tickers:
    """A source of quotes without a stream."""

    def __init__(self, ticker: BookTicker | ExchangeError) -> None:
        self.ticker = ticker
        self.asked = 0

    async def book_ticker(self, symbol: str) -> BookTicker:
        self.asked += 1
        if isinstance(self.ticker, ExchangeError):
            raise self.ticker
        return self.ticker

    def together(self, names: Sequence[Any]) -> list[Any]:
        return []


def quotes(source: Tickers) -> Quotes:
    return Quotes(cast(QuoteSource, source), ("BTCUSDT",), lambda: NOW, StreamSettings(), silence_ms=1_000, patience=0.1)


async def test_a_quote_that_was_asked_for_is_as_old_as_the_question() -> None:
    """EXEC-2: the exchange's own time of a ticker is that of its last change, which may be long ago in a quiet book."""
    ticker = BookTicker(symbol="BTCUSDT", time=NOW - 9_000, bid=1.1, bid_quantity=1, ask=1.2, ask_quantity=1)
    quote = await quotes(Tickers(ticker)).of("BTCUSDT")
    assert quote is not None
    assert (quote.time, quote.bid, quote.ask) == (NOW, Decimal("1.1"), Decimal("1.2"))


async def test_an_exchange_that_does_not_answer_gives_no_quote() -> None:
    """EXEC-2: then nothing is entered."""
    assert await quotes(Tickers(ExchangeError("retry", 0, "away", call="GET ticker"))).of("BTCUSDT") is None


def test_readiness_says_in_words_what_is_wrong() -> None:
    """OPS-2: account, stream, halt; nothing when all is well."""
    readiness = Readiness()
    assert "account is not known" in readiness.trouble()
    readiness.answered()
    readiness.stream_open()
    assert "not checked" in readiness.trouble()
    readiness.checked()
    assert readiness.trouble() == ""
    readiness.halted("too hot")
    readiness.stream_down("cut")
    readiness.unanswered("away")
    assert all(word in readiness.trouble() for word in ("too hot", "cut", "away"))
    readiness.answered()
    assert "away" not in readiness.trouble()


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


async def test_the_countdown_of_a_resting_entry_runs_out_while_its_fill_would_not_be_heard_of() -> None:
    """EXEC-8, EXEC-3: it is renewed as soon as the user stream is open again."""
    loop, told, looks = FedLoop(), [], 0
    loop.state.connected = False

    class Counting:
        async def countdown_cancel(self, symbol: str, ms: int) -> None:
            told.append((symbol, ms))

    def rests() -> set[str]:
        nonlocal looks
        looks += 1
        return {"BTCUSDT"}

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110  counts, no events
                await asyncio.sleep(0)

    countdown = Countdown(cast(TradingExchange, Counting()), cast(MoneyLoop, loop), 0.03, lambda error: None)
    countdown.resting = rests  # type: ignore[method-assign]  # an entry that rests
    running = asyncio.create_task(countdown.run())
    await until(lambda: looks >= 5)
    assert told == []
    loop.state.connected = True
    await until(lambda: bool(told))
    assert told[0] == ("BTCUSDT", 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


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


async def test_transfers_reach_back_from_the_last_reading_of_any_process_and_only_usdt_counts() -> None:
    """RISK-3: rows may be listed late, and the process may have been away."""
    exchange, loop = Rows(), FedLoop()
    rows = [msgspec.structs.replace(income(number, NOW), kind="TRANSFER", symbol="") for number in (1, 2)]
    exchange.rows = [rows[0], msgspec.structs.replace(rows[1], asset="BNB")]
    reader = TransferRows(cast(TradingExchange, exchange), cast(MoneyLoop, loop), 7_200, loop.errors.append)
    assert await reader.read()
    loop.state.transfers_until = NOW - 5 * HOUR
    assert await reader.read()
    assert exchange.starts == [NOW - 2 * HOUR, NOW - 7 * HOUR]
    assert [[(each.id, each.amount) for each in one.transfers] for one in moved(loop)] == [[("1", 1)], [("1", 1)]]


def test_a_transfer_after_the_question_waits_for_the_next_statement() -> None:
    """RISK-3: the wallet of a statement need not show what happened after it was asked for."""
    state = ExecutionState(transfers=[Transfer(id=str(time), time=time, amount=SIX) for time in (10, 11)])
    (first,) = reporting.statement(state, Statement(time=12, asked_at=10, wallet=SIX, equity=SIX, legs=(), orders=()))
    (second,) = reporting.statement(state, Statement(time=14, asked_at=13, wallet=SIX, equity=SIX, legs=(), orders=()))
    assert isinstance(first, AccountStatement)
    assert isinstance(second, AccountStatement)
    assert [[each.time for each in told.transfers] for told in (first, second)] == [[10], [11]]


async def test_an_order_is_found_with_the_order_that_it_became() -> None:
    """EXEC-4: only a conditional order that has triggered has one."""
    found = {
        1: SimpleNamespace(symbol="BTCUSDT", book="algo", child_id=2),
        2: SimpleNamespace(symbol="BTCUSDT", book="plain", child_id=0),
        3: SimpleNamespace(symbol="BTCUSDT", book="algo", child_id=0),
    }

    class Books:
        async def order(self, ref: OrderRef) -> Any:
            return found.get(ref.id)

    async def asked(number: int) -> Any:
        return await query_with_child(cast(TradingExchange, Books()), OrderRef(symbol="BTCUSDT", id=number))

    assert await asked(1) == (found[1], found[2])
    assert await asked(2) == (found[2], None)
    assert await asked(3) == (found[3], None)
    assert await asked(4) is None
