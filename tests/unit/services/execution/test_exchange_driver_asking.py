"""What the driver asks the exchange for: rows of the income history, executions, quotes; readiness in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.execution.drivers.exchange.asking import query_with_child
from services.execution.drivers.exchange.countdown import Countdown
from services.execution.drivers.exchange.executions import Funding, query_executions
from services.execution.drivers.exchange.income_rows import TransferRows
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.quotes import Quotes, QuoteSource
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.inputs import Executions, Moved, Paid
from services.execution.requests import QueryExecutions
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import Income
from shared.exchange.model.market_data import BookTicker
from shared.exchange.model.orders import AccountTrade, OrderRef
from shared.exchange.port import TradingExchange
from shared.exchange.settings import StreamSettings
from tests.support.exchange_driver.account_reads import HOUR, NOW, FedLoop


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
    moved = [one.transfers for one in loop.fed if isinstance(one, Moved)]
    assert [[(each.id, each.amount) for each in one] for one in moved] == [[("1", 1)], [("1", 1)]]


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
    return Quotes(
        cast(QuoteSource, source),
        ("BTCUSDT",),
        lambda: NOW,
        StreamSettings(),
        on_quote=lambda symbol, quote: None,
        silence_ms=1_000,
        patience=0.1,
    )


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
