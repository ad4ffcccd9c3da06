"""Scenes for the risk tests: an account of 10,000 USDT, two instruments, signals with a stop at 1 %."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import structs

from services.risk.core import RiskCore
from services.risk.gate import Application, Order
from services.risk.kill_switch import Figures, Loss
from services.risk.settings import RiskSettings
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import (
    AccountState,
    AccountStatement,
    EntryCap,
    MarginTier,
    NextFunding,
    Position,
    Trade,
    Transfer,
)
from shared.domain.control import Control, MarkPrice, MarkPrices
from shared.domain.decisions import Decision, DecisionBundle, Exit, Judgement, LimitEntry, MarketEntry, Signal
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, InstrumentList
from shared.domain.message import Message
from shared.domain.timeframes import DAY, MINUTE
from tests.support.approval.pairs import CREDULOUS, SIGNER
from tests.support.runtime.telling import tell

DAWN = 1_704_153_600_000  # 2024-01-02 00:00 UTC


def entry(**changes: object) -> Order:
    """A sound entry of 1,000 USDT at the gate, unless ``changes`` say otherwise."""
    fields: dict[str, object] = {
        "side": "BUY",
        "quantity": Decimal(10),
        "notional": Decimal(1_000),
        "average": Decimal(1_000),
        "exposure": Decimal(1),
        "leverage": 10,
        "leverage_limit": 20,
        "margin_ratio": Decimal("0.01"),
        "costs": Decimal("0.06"),
        "stop": Decimal(98),
        "liquidation": Decimal(20),
        "margin_known": True,
    }
    return Order(**(fields | changes))  # type: ignore[arg-type]  # a table row


def application(**changes: object) -> Application:
    """A sound signal at the gate, judged at 1,000 ms, at which it expires, unless ``changes`` say otherwise."""
    nothing_lost = Loss(Decimal(10_000), Decimal(0))
    fields: dict[str, object] = {
        "symbol": "BTCUSDT",
        "score": Decimal(5),
        "needed": Decimal(0),
        "valid_until": 1_000,
        "sim": False,
        "now": 1_000,
        "kill_switch": "NORMAL",
        "figures": Figures(nothing_lost, nothing_lost, 0, None),
        "equity_jump": Decimal(0),
        "trades_today": 0,
        "cooling_until": 0,
        "occupied": frozenset(),
        "account_age": 0,
        "instrument_known": True,
        "closed": False,
        "funding": Decimal(0),
        "real": True,
        "listing_age": 0,
        "order": entry(),
    }
    return Application(**(fields | changes))  # type: ignore[arg-type]  # a table row


def instrument(symbol: str, tick: str = "0.1", step: str = "0.001", notional: str = "5") -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=Decimal(tick),
        step_size=Decimal(step),
        min_quantity=Decimal(step),
        min_notional=Decimal(notional),
    )


INSTRUMENTS = {symbol: instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")}


def patient(**changes: object) -> RiskSettings:
    """Settings by which statements never age and equity may jump, unless ``changes`` say otherwise.

    Most scenes state the account once, and name an equity without the trades that led to it.
    """
    settings = RiskSettings(**({"max_equity_jump": Decimal(1)} | changes))  # type: ignore[arg-type]  # a table row
    return settings if "account_age_ms" in changes else settings.model_copy(update={"account_age_ms": 10 * DAY})


def build(partitions: int = 1, *, sim: bool = True, **changes: object) -> RiskCore:
    """A core with ``patient`` settings."""
    return RiskCore(partitions, INSTRUMENTS, patient(**changes), DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=sim, armed=sim)


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
        Decision(
            id=f"d-{s.symbol}-{at}", symbol=s.symbol, close_time=at, chosen=s.strategy,
            judgements=(Judgement(strategy=s.strategy, signal=s),),
        )
        for s in signals
    ]  # fmt: skip
    decided += [
        Decision(
            id=f"d-{symbol}-{at}",
            symbol=symbol,
            close_time=at,
            judgements=(Judgement(strategy="ob_fvg", reasons=("no_fvg",)),),
        )
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
    moved: tuple[Transfer, ...] = (),
    tiers: dict[str, tuple[MarginTier, ...]] | None = None,
    cap: EntryCap | None = None,
    fundings: dict[str, NextFunding] | None = None,
) -> AccountStatement:
    """A statement of the account, asked for when it holds unless ``asked_at`` says otherwise."""
    account = AccountState(time=at, wallet=Decimal(equity), equity=Decimal(equity), positions=positions)
    return AccountStatement(
        time=at,
        asked_at=at if asked_at is None else asked_at,
        account=account,
        open_trades=trades,
        closed_trades=ended,
        transfers=moved,
        tiers=tiers or {},
        entry_cap=cap,
        next_fundings=fundings or {},
    )


def marks(at: int, **prices: float) -> MarkPrices:
    """Mark prices of the feed, all of one time."""
    told = tuple(
        MarkPrice(symbol=symbol, time=at, mark=price, index=price, funding_rate=0.0, next_funding_time=at + MINUTE)
        for symbol, price in prices.items()
    )
    return MarkPrices(partition=0, time=at, prices=told)


def transfer(amount: str | Decimal, at: int) -> Transfer:
    return Transfer(id=f"{at}:{amount}", time=at, amount=Decimal(amount))


def lost(number: int, result: str = "-10", state: str = "closed") -> Trade:
    """A trade that is over; each ``number`` is another one."""
    ended = trade("BTCUSDT", state, f"ended-{number}")
    return structs.replace(ended, result=Decimal(result))


def listed(at: int, *instruments: Instrument, closures: tuple[Closure, ...] = ()) -> InstrumentList:
    return InstrumentList(time=at, instruments=instruments, closures=closures)


def shut(symbol: str, since: int = 0, until: int | None = None) -> Closure:
    return Closure(symbol=symbol, reason="session", since=since, until=until, text=f"{symbol} is shut by the test")


def control(command: str, number: int = 1, symbol: str | None = None) -> Control:
    name: Any = command
    return Control(id=f"{command}-{number}", command=name, by="tester", reason="a drill", symbol=symbol, signature="good")


def feed(core: RiskCore, *messages: Message, now: int = 0) -> list[Message]:
    return [output for message in messages for output in tell(core, message, now)]
