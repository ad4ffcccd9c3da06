"""Messages as a day of trading leaves them, for the journal's tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.journal import tables
from shared.domain.account import AccountState, AccountStatement, FundingPayment, Position, RiskReport, Trade, Transfer
from shared.domain.candles import Candle, CandleBundle
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.decisions import Decision, DecisionBundle, Exit, Judgement, MarketEntry, Signal
from shared.domain.intents import Check, ExitRung, OrderIntent, Verdict, VerdictBundle
from shared.domain.message import Message
from shared.domain.orders import Fill, Order, OrderEvent
from shared.domain.timeframes import MINUTE

DAWN = 1_704_153_600_000
D = Decimal


def at(minute: int) -> int:
    return DAWN + minute * MINUTE


def candles(minute: int, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"), missing: tuple[str, ...] = ()) -> CandleBundle:
    return CandleBundle(
        partition=0,
        timeframe="1m",
        close_time=at(minute),
        candles=tuple(
            Candle(
                symbol=symbol, timeframe="1m", open_time=at(minute - 1), open=0.1 + minute, high=1e9, low=1e-9, close=1 / 3,
                volume=2.5e-7,
            )
            for symbol in symbols
        ),
        missing=missing,
    )  # fmt: skip


def signal(minute: int, symbol: str = "BTCUSDT") -> Signal:
    return Signal(
        id=f"s-{symbol}-{minute}", symbol=symbol, strategy="ob_fvg", side="BUY", entry=MarketEntry(price=100.1),
        stop=99.0, exits=(Exit(price=102.0, share=0.5), Exit(price=103.0, share=0.5)), score=4.5, close_time=at(minute),
        valid_until=at(minute + 1), rests_on=("ob-1", "fvg-2"), why="an order block, and a gap",
    )  # fmt: skip


def decisions(minute: int, *, wish: bool = False) -> DecisionBundle:
    return DecisionBundle(
        partition=0,
        close_time=at(minute),
        decisions=(
            Decision(
                id=f"d-BTCUSDT-{minute}", symbol="BTCUSDT", close_time=at(minute), chosen="ob_fvg" if wish else "",
                judgements=(
                    Judgement(strategy="ob_fvg", signal=signal(minute))
                    if wish
                    else Judgement(strategy="ob_fvg", reasons=("no_fvg", "no_order_block")),
                ),
            ),
            Decision(
                id=f"d-ETHUSDT-{minute}", symbol="ETHUSDT", close_time=at(minute),
                judgements=(Judgement(strategy="ob_fvg", reasons=("no_fvg",)),),
            ),
        ),
    )  # fmt: skip


def intent(minute: int) -> OrderIntent:
    return OrderIntent(
        id=f"i-{minute}", signal_id=f"s-BTCUSDT-{minute}", symbol="BTCUSDT", side="BUY", quantity=D("0.0150"),
        price=D("100.10"), bound=D("100.20"), stop=D("99.00"), exits=(ExitRung(price=D("103.0")),), close_time=at(minute),
        decided_at=at(minute) + 40, valid_until=at(minute) + 5_040, risk_amount=D("9.9"), risk_budget=D("10.00"),
        strategy="ob_fvg",
    )  # fmt: skip


def verdicts(minute: int) -> VerdictBundle:
    return VerdictBundle(
        close_time=at(minute),
        verdicts=(
            Verdict(decision_id=f"d-BTCUSDT-{minute}", symbol="BTCUSDT", intent=intent(minute), signature="abc"),
            Verdict(
                decision_id=f"d-ETHUSDT-{minute}",
                symbol="ETHUSDT",
                refusals=("kill_switch", "daily_loss"),
                notes=("a, b",),
                checks=(Check(name="daily_loss", passed=False, value=D("0.031"), limit=D("0.03"), unit="of equity"),),
            ),
        ),
    )


def order(status: str = "NEW", filled: str = "0", updated: int = 0, **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "client_id": "ict-1",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "STOP_MARKET",
        "quantity": D("0.0150"),
        "trigger": D("99.00"),
        "status": status,
        "filled": D(filled),
        "updated_at": at(updated),
    }
    return Order(**(fields | changes))


def account(equity: str = "10000.00", held: str = "0") -> AccountState:
    position = Position(
        symbol="BTCUSDT", quantity=D(held), entry_price=D("100.10"), mark_price=D("100.20"), unrealized=D("0.0015")
    )
    return AccountState(time=DAWN, wallet=D(equity), equity=D(equity), positions=(position,) if position.quantity else ())


def event(of: Order, filled: Fill | None = None, **changes: Any) -> OrderEvent:
    """A change of an order of ours, unless ``changes`` say otherwise."""
    fields: dict[str, Any] = {"origin": "ours", "purpose": "stop", "intent_id": "i-1"}
    return OrderEvent(time=of.updated_at, order=of, fill=filled, **(fields | changes))


def fill(number: int, **changes: Any) -> Fill:
    fields: dict[str, Any] = {
        "id": str(number),
        "client_id": "ict-1",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": D("0.0050"),
        "price": D("100.10"),
        "fee": D("0.00020020"),
        "realized": D("0"),
        "maker": False,
        "time": at(number),
    }
    return Fill(**(fields | changes))


def trade(state: str = "open", **changes: Any) -> Trade:
    fields: dict[str, Any] = {
        "intent_id": "i-1",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "state": state,
        "quantity": D("0.0150"),
        "entry_price": D("100.10"),
        "exit_price": D(0),
        "result": D(0),
        "fees": D("0.0006"),
        "risk_amount": D("9.9"),
        "opened_at": at(1),
        "closed_at": 0,
    }
    return Trade(**(fields | changes))


def stated(
    minute: int,
    *opened: Trade,
    closed: tuple[Trade, ...] = (),
    equity: str = "10000.00",
    held: str = "0",
    funding: bool = False,
) -> AccountStatement:
    payment = FundingPayment(symbol="BTCUSDT", time=at(480), rate=D("0.0001"), amount=D("-0.0123"), id="77")
    return AccountStatement(
        time=at(minute), asked_at=at(minute) - 30, account=account(equity, held), open_trades=opened, closed_trades=closed,
        funding=(payment,) if funding else (),
        transfers=(Transfer(id="t-1", time=at(minute), amount=D("250.00")),) if funding else (),
    )  # fmt: skip


def risk(minute: int, kill_switch: str = "NORMAL", reason: str = "") -> RiskReport:
    return RiskReport(
        time=at(minute), kill_switch=kill_switch, reason=reason, equity=D("9999.10"), day_start_equity=D(10000),
        day_result=D("-0.90"), trades_today=1, open_positions=1,
    )  # type: ignore[arg-type]  # fmt: skip  # a table row


def day() -> list[Message]:
    """A trade from candle to close, with everything that the journal records, in the order in which it happens."""
    return [
        Control(id="c-1", command="rearm", by="operator", reason="a new day"),
        ClockTick(time=DAWN),
        candles(1, missing=("SOLUSDT",)),
        decisions(1, wish=True),
        verdicts(1),
        event(order(updated=1)),
        event(order("PARTIALLY_FILLED", "0.0050", 1), fill(1)),
        stated(1, trade("entering")),
        candles(2),
        decisions(2),
        event(order("PARTIALLY_FILLED", "0.0100", 2), fill(2)),
        event(order("FILLED", "0.0150", 2), fill(3)),
        stated(2, trade("open"), equity="10001.5", held="0.0150", funding=True),
        risk(2),
        Alert(severity="warning", source="execution", key="slow", text="it's \"quoted\"; 위험", time=at(2)),
        candles(3),
        decisions(3),
        stated(3, closed=(trade("closed", result=D("19.100"), closed_at=at(3), exit_reason="target"),), equity="10019.10"),
        risk(3, "HALTED", "an operator"),
    ]  # fmt: skip


async def contents(engine: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, sorted; without the clock of the database."""
    found = {}
    async with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "recorded_at"]
            selected = (await connection.execute(select(*columns))).all()
            found[table.name] = sorted((tuple(row) for row in selected), key=repr)
    return found
