"""Directories of runs made by hand: a walk of candles, and trades at minutes of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from research.backtest.result import Result, write_result
from research.backtest.tape import CLOSE, Tape
from research.report.resting import ZONES, SignalZones, Zone
from shared.domain.account import Trade
from shared.domain.decisions import Decision, Exit, Judgement, LimitEntry, MarketEntry, Signal
from shared.domain.ids import derive
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE
from simulator.equity_line import EquityLine
from tests.support.research.results import NEW_YEAR

WALLET = Decimal(10_000)
_ENCODE = msgspec.json.Encoder(order="sorted").encode
WHY = "BTCUSDT 15m: price came back to the order block and closed at its edge with trend up; target 1:2."


class Sample(NamedTuple):
    """One trade: the minutes of the tape at whose close it began and ended. limit: it waited for its price."""

    opened: int
    closed: int
    side: str = "BUY"
    strategy: str = "ob_fvg"
    why: str = WHY
    exit_reason: str = "target"
    quantity: str = "0.1"
    limit: bool = False


def walk(symbol: str = "BTCUSDT", minutes: int = 1_440, seed: int = 1) -> Tape:
    """Candles of one symbol from New Year on, prices of one digit."""
    tape = Tape((symbol,), NEW_YEAR + MINUTE, minutes)
    steps = np.random.Generator(np.random.PCG64(seed)).normal(0.0, 20.0, (3, minutes))
    closes = np.round(50_000.0 + 2_000.0 * np.sin(np.arange(minutes) / 900.0) + np.cumsum(steps[0]) * 0.2, 1)
    opens = np.concatenate(([closes[0]], closes[:-1]))
    highs = np.round(np.maximum(opens, closes) + np.abs(steps[1]), 1)
    lows = np.round(np.minimum(opens, closes) - np.abs(steps[2]), 1)
    tape.columns[symbol][:] = np.stack((opens, highs, lows, closes, np.ones(minutes)))
    return tape


def run_directory(where: Path, tape: Tape, samples: Sequence[Sample] = (), *, zones: bool = True, **changes: Any) -> Path:
    """Write the record of a run with these trades, none of which overlaps another. changes: fields of the result."""
    (symbol,) = tape.symbols
    closes = tape.columns[symbol][CLOSE]
    wallet = WALLET
    lines = [EquityLine(time=tape.first, wallet=wallet, equity=wallet, kill_switch="NORMAL", trades_today=0)]
    decisions: list[Decision] = []
    rests: list[SignalZones] = []
    orders: list[Order] = []
    fills: list[Fill] = []
    trades: list[Trade] = []
    for number, each in enumerate(samples):
        begin, end = tape.close_time(each.opened), tape.close_time(each.closed)
        entry, left = Decimal(str(closes[each.opened])), Decimal(str(closes[each.closed]))
        quantity, fee = Decimal(each.quantity), Decimal("0.5")
        sign = 1 if each.side == "BUY" else -1
        signal = _signal(number, symbol, each, float(entry), begin)
        decisions.append(_decision(signal))
        rests.append(SignalZones(signal=signal.id, zones=_zones(float(entry), begin)))
        other = "SELL" if each.side == "BUY" else "BUY"
        for name, side, price, time, kind in (("e", each.side, entry, begin, ""), ("x", other, left, end, each.exit_reason)):
            order = _order(f"ict-{name}{number}", symbol, side, price, time, kind, limit=each.limit)
            orders.append(order)
            realized = (price - entry) * quantity * sign if name == "x" else Decimal(0)
            fill = Fill(
                id=f"{name}{number}", client_id=order.client_id, symbol=symbol, side=side, quantity=quantity, price=price,
                fee=fee, realized=realized, maker=False, time=time,
            )  # fmt: skip
            fills.append(fill)
            wallet += realized - fee
            shown = time + (MINUTE if name == "e" else 0)
            held = (Decimal(str(closes[each.opened + 1])) - entry) * quantity * sign if name == "e" else Decimal(0)
            lines.append(EquityLine(time=shown, wallet=wallet, equity=wallet + held, kill_switch="NORMAL", trades_today=1))
        trades.append(
            Trade(
                intent_id=derive("intent", signal.id), symbol=symbol, side=each.side, state="closed", quantity=quantity,
                entry_price=entry, exit_price=left, result=(left - entry) * quantity * sign - 2 * fee, fees=2 * fee,
                risk_amount=Decimal(10), opened_at=begin, closed_at=end, exit_reason=each.exit_reason,
            )
        )  # fmt: skip
    where.mkdir(parents=True, exist_ok=True)
    _write(where / "decisions.jsonl", decisions)
    _write(where / "orders.jsonl", orders)
    _write(where / "fills.jsonl", fills)
    _write(where / "equity.jsonl", lines)
    if zones:
        _write(where / ZONES, rests)
    fields: dict[str, Any] = {
        "finished": True, "engine": "0.1.0", "settings_digest": "0" * 64,
        "settings": {"signals": {"strategies": ["ob_fvg"]}},
        "data": {symbol: tape.digest(symbol)}, "first": tape.first, "last": tape.last, "played_until": tape.last,
        "minutes": len(tape), "candles": len(tape), "decisions": len(tape), "signals": len(samples),
        "orders": len(orders),
        "fills": len(fills), "start_equity": WALLET, "equity": wallet, "fees": Decimal(0), "max_drawdown": 0.0,
        "kill_switch": "NORMAL", "kill_switch_reason": "", "trades": tuple(trades), "why_not": {"no_fvg": 12, "no_sweep": 3},
    }  # fmt: skip
    write_result(where, Result(**(fields | changes)))
    return where


def _signal(number: int, symbol: str, each: Sample, entry: float, time: int) -> Signal:
    sign = 1.0 if each.side == "BUY" else -1.0
    how = LimitEntry(price=entry, rests_until=time + MINUTE) if each.limit else MarketEntry(price=entry)
    return Signal(
        id=f"s{number}", symbol=symbol, strategy=each.strategy, side=each.side, entry=how, stop=entry - sign * 100.0,
        exits=(Exit(price=entry + sign * 200.0),), score=3.0, close_time=time, valid_until=time + MINUTE,
        rests_on=("a", "b", "c"), why=each.why,
    )  # fmt: skip


def _decision(signal: Signal) -> Decision:
    judgement = Judgement(strategy=signal.strategy, signal=signal)
    return Decision(
        id=f"d{signal.id}",
        symbol=signal.symbol,
        close_time=signal.close_time,
        judgements=(judgement,),
        chosen=signal.strategy,
    )


def _zones(price: float, time: int) -> tuple[Zone, ...]:
    kinds = (("order_block", -50.0, 120), ("fvg", -20.0, 90), ("bos", 30.0, 60), ("sweep", -80.0, 30))
    return tuple(
        Zone(
            kind=kind, timeframe="15m", direction="bullish", top=price + away,
            bottom=price + away - (30.0 if away < 0 else 0.0),
            formed_at=time - back * MINUTE, confirmed_at=time - back * MINUTE // 2,
            why=f"Bullish {kind} at {price + away}: " + "the last down-close candle before the leg that broke. " * 4,
        )
        for kind, away, back in kinds
    )  # fmt: skip


def _order(name: str, symbol: str, side: str, price: Decimal, time: int, kind: str, *, limit: bool) -> Order:
    trigger = price if kind in ("stop", "target") or limit else None
    types = {"stop": "STOP_MARKET", "target": "TAKE_PROFIT_MARKET"}
    return Order(
        client_id=name, symbol=symbol, side=side, type=types.get(kind, "MARKET"), quantity=Decimal(0), trigger=trigger,
        close_position=kind == "stop", status="NEW", updated_at=time,
    )  # type: ignore[arg-type]  # fmt: skip  # sides and types of the tables above are words of the domain


def _write(path: Path, lines: Sequence[msgspec.Struct]) -> None:
    path.write_bytes(b"".join(_ENCODE(line) + b"\n" for line in lines))
