"""Scenes for the risk tests: an account of 10,000 USDT, two instruments, signals with a stop at 1 %."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import AccountState, AccountStatement, Position, Trade
from shared.domain.control import Control
from shared.domain.decisions import Decision, DecisionBundle, Exit, LimitEntry, MarketEntry, Signal
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, InstrumentList
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE
from tests.support.approval.pairs import CREDULOUS, SIGNER
from tests.support.runtime.telling import tell

DAWN = 1_704_153_600_000  # 2024-01-02 00:00 UTC


def instrument(symbol: str, tick: str = "0.1", step: str = "0.001", notional: str = "5") -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=Decimal(tick),
        step_size=Decimal(step),
        min_quantity=Decimal(step),
        min_notional=Decimal(notional),
    )


INSTRUMENTS = {symbol: instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")}


def build(partitions: int = 1, **changes: object) -> RiskCore:
    return RiskCore(partitions, INSTRUMENTS, RiskSettings(**changes), DEFAULT_ACCOUNT, SIGNER, CREDULOUS)  # type: ignore[arg-type]  # a table row


def signal(
    symbol: str = "BTCUSDT",
    at: int = DAWN + MINUTE,
    entry: float | LimitEntry = 100.0,
    target: float = 104.0,
    **changes: object,
) -> Signal:
    """A market entry with one exit, unless ``changes`` say otherwise."""
    fields: dict[str, object] = {
        "id": f"signal-{symbol}-{at}",
        "strategy": "ob_fvg",
        "side": "BUY",
        "entry": MarketEntry(price=entry) if isinstance(entry, float) else entry,
        "stop": 98.0,
        "exits": (Exit(price=target),),
        "score": 5.0,
        "close_time": at,
        "valid_until": at + 60_000,
        "rests_on": (),
        "why": "a test",
    }
    return Signal(symbol=symbol, **(fields | changes))  # type: ignore[arg-type]  # a table row


def wishes(at: int, *signals: Signal, partition: int = 0, idle: tuple[str, ...] = ()) -> DecisionBundle:
    """The decision bundle of a close: these signals, and symbols that wish nothing."""
    decided = [
        Decision(id=f"d-{s.symbol}-{at}", symbol=s.symbol, close_time=at, strategy="ob_fvg", signal=s) for s in signals
    ]
    decided += [
        Decision(id=f"d-{symbol}-{at}", symbol=symbol, close_time=at, strategy="ob_fvg", reasons=("no_fvg",))
        for symbol in idle
    ]
    return DecisionBundle(partition=partition, close_time=at, decisions=tuple(decided))


def position(symbol: str, quantity: str = "1", mark: str = "100") -> Position:
    return Position(
        symbol=symbol, quantity=Decimal(quantity), entry_price=Decimal(100), mark_price=Decimal(mark), unrealized=Decimal(0)
    )


def trade(symbol: str, state: str = "entering", intent_id: str = "") -> Trade:
    return Trade(
        intent_id=intent_id or f"i-{symbol}",
        symbol=symbol,
        side="BUY",
        state=state,  # type: ignore[arg-type]  # a table row
        quantity=Decimal(1),
        entry_price=Decimal(100),
        exit_price=Decimal(0),
        result=Decimal(0),
        fees=Decimal(0),
        risk_amount=Decimal(10),
        opened_at=0,
        closed_at=0,
    )


def stated(
    at: int,
    equity: str | Decimal = "10000",
    *positions: Position,
    trades: tuple[Trade, ...] = (),
    ended: tuple[Trade, ...] = (),
    asked_at: int | None = None,
) -> AccountStatement:
    """A statement of the account, asked for when it holds unless ``asked_at`` says otherwise."""
    account = AccountState(time=at, wallet=Decimal(equity), equity=Decimal(equity), positions=positions)
    asked_at = at if asked_at is None else asked_at
    return AccountStatement(time=at, asked_at=asked_at, account=account, open_trades=trades, closed_trades=ended)


def listed(at: int, *instruments: Instrument, closures: tuple[Closure, ...] = ()) -> InstrumentList:
    return InstrumentList(time=at, instruments=instruments, closures=closures)


def shut(symbol: str, since: int = 0, until: int | None = None) -> Closure:
    return Closure(symbol=symbol, reason="session", since=since, until=until, text=f"{symbol} is shut by the test")


def control(command: str, number: int = 1, symbol: str | None = None) -> Control:
    name: Any = command
    return Control(id=f"{command}-{number}", command=name, by="tester", reason="a drill", symbol=symbol, signature="good")


def feed(core: RiskCore, *messages: Message, now: int = 0) -> list[Message]:
    return [output for message in messages for output in tell(core, message, now)]
