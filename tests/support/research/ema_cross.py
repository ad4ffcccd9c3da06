"""One question for every backtester: the EMA 20/50 cross, one bitcoin a trade, stop and target in parts of the close.

The product is asked by ``ict backtest`` with a strategy that an installed package offers. Three things it cannot be told,
and this is what is done instead:

* **One bitcoin a trade.** Risk sizes by equity. The step of the symbol is set to one bitcoin, so that a trade is of one
  or a few of them, and each trade's result is divided by its quantity. A larger one costs no more: slippage is 0.
* **Entry at the next open.** An order that comes between two minutes meets the last price, so the entry is at the close
  that crossed. On BTCUSDT of 2023 that makes 93 USDT of 1,000,000 in the reference loop.
* **Holes are nothing.** Others take the candle behind a hole for the next one; our averages begin anew there, because none
  may span what is not there. All three get the candles with their holes closed (80 minutes of 24 March 2023): with the
  hole, ours has 1,535 trades and 947,685, every trade the same but three around it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from research.backtest.result import Result, read_result
from research.backtest.tape import CLOSE, HIGH, LOW, OPEN, tape_of
from shared.domain.timeframes import MINUTE
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.market.settings import GeneratorSettings
from tests.support.processes.fleet import ICT
from tests.support.repository.pure_modules import ROOT
from tests.support.signals.packages import install

CASH: Final = 1_000_000.0
FEE, STOP, TARGET, FAST, SLOW = 0.0005, 0.005, 0.01, 20, 50
_LEVERAGE: Final = 10
#: How far the final equity of two backtesters may lie apart, fraction, and the number of their trades.
EQUITY_APART: Final = 0.0005
TRADES_APART: Final = 1

#: Whatever could keep risk or execution from taking a signal is out of the way; no slippage, no spread, no funding.
GATES_OFF: Final[dict[str, Any]] = {
    "symbols": ["BTCUSDT"],
    "timeframes": ["1m"],
    "account": {"leverage": _LEVERAGE},
    "instruments": {"BTCUSDT": {"tick_size": 0.01, "step_size": 1, "min_quantity": 1, "min_notional": 5}},
    "simulator": {"starting_wallet": 1_000_000, "taker_fee": FEE, "slippage_bps": 0, "layer_slippage_bps": 0},
    "market": {"funding_rate": "0"},
    "signals": {"strategies": ["ema_cross"]},
    "risk": {
        "trades_per_day": 1_000_000,
        "daily_loss_limit": 0.98,
        "halt_loss_limit": 0.99,
        "max_drawdown": 0.99,
        "max_losing_streak": 100,
        "max_costs": 10,
        "caution_loss": 0.98,
        "caution_loss_release": 0.97,
        "caution_win_rate": 0,
        "caution_win_rate_release": 0,
        "intents_per_minute": 10_000,
        "fat_finger_factor": 1_000,
    },
    "execution": {"min_reward_risk": 0, "max_notional": 1_000_000},
}
#: Room that risk leaves for a trade, in bitcoins at the highest price: one, and something for what the account loses.
_ROOM: Final = 1.2


class Traded(NamedTuple):
    """One trade. opened: instant of the entry, closed: close time of the minute in which it ended, both UTC ms."""

    side: str
    opened: int
    closed: int
    entry: float
    exit: float


class Candles(NamedTuple):
    """A file of 1m candles as every backtester reads it, and the same as columns. opened: UTC ms of each."""

    path: Path
    opened: NDArray[np.int64]
    columns: NDArray[np.float64]


class Found(NamedTuple):
    """What a backtester says: its trades in order, and the final equity of one bitcoin a trade, USDT."""

    trades: list[Traded]
    equity: float


def install_ema_cross(site: Path) -> Path:
    """Install the package ``ema_cross_package``."""
    source = Path(__file__).parent / "ema_cross_package" / "ema_cross.py"
    modules = {"ema_cross": source.read_text(encoding="utf-8")}
    return install(site, "ema-cross", {"ema_cross": "ema_cross:STRATEGY"}, modules)


def generated(path: Path, days: float, seed: int) -> Candles:
    """A generated market of one symbol."""
    tape = tape_of(GeneratedMarket(["BTCUSDT"], DEFAULT_START, days, seed, GeneratorSettings()))
    return written(path, tape.first - MINUTE + MINUTE * np.arange(len(tape)), tape.columns["BTCUSDT"])


def recorded(path: Path, source: Path) -> Candles:
    """The candles of a Parquet file, written again as text: others read no Parquet without more packages.

    Holes are closed: what follows one is dated earlier.
    """
    table = pq.read_table(source)
    columns = np.array([table[name].to_numpy() for name in ("open", "high", "low", "close", "volume")])
    first = int(table["open_time"][0].as_py())
    return written(path, first + MINUTE * np.arange(table.num_rows), columns)


def written(path: Path, opened: NDArray[np.int64], columns: NDArray[np.float64]) -> Candles:
    """Write candles as text, each price with all of its digits."""
    names = ("open", "high", "low", "close", "volume")
    csv.write_csv(pa.table({"open_time": opened, **dict(zip(names, columns, strict=True))}), path)
    return Candles(path, opened, columns)


def product(candles: Candles, where: Path) -> Found:
    """Ask ``ict backtest``; what it leaves is in ``where``. AssertionError with its words when it fails."""
    site = install_ema_cross(where / "site")
    config = where / "gates-off.yaml"
    cap = _ROOM * float(candles.columns[HIGH].max()) / (CASH * _LEVERAGE)
    settings = {**GATES_OFF, "risk": {**GATES_OFF["risk"], "position_margin_cap": round(cap, 6)}}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ICT_") or name == "ICT_NATIVE"}
    done = subprocess.run(
        [*ICT, "backtest", "-c", str(config), "--data", f"BTCUSDT={candles.path}", "--out", str(where / "run"), "--json"],
        cwd=where,
        env={**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return of_result(read_result(where / "run"))


def of_result(result: Result) -> Found:
    """A run of the product, each trade divided by its quantity. One that is open at the end is not among its trades."""
    trades = [
        Traded(each.side, each.opened_at, each.closed_at, float(each.entry_price), float(each.exit_price))
        for each in result.trades
    ]
    won = sum((each.result / each.quantity for each in result.trades), Decimal(0))
    return Found(trades, CASH + float(won))


def foreign(python: Path, script: Path, candles: Candles) -> Found:
    """Ask a backtester of others by its script, in its virtualenv. AssertionError with its words when it fails."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [str(python), str(script), str(candles.path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    trades = [
        Traded(each["side"], each["opened"], each["closed"] + MINUTE, each["entry"], each["exit"]) for each in told["trades"]
    ]
    return Found(trades, told["equity"])


def loop(candles: Candles, ahead: int = 0) -> Found:
    """The bare reference: a loop over floats. ahead: candles from the future that the averages see; a specimen of a leak."""
    times = candles.opened.tolist()
    open_, high, low, close = (candles.columns[each].tolist() for each in (OPEN, HIGH, LOW, CLOSE))
    apart = [one - other for one, other in zip(average(close, FAST), average(close, SLOW), strict=True)]
    apart = apart[ahead:] + apart[len(apart) - ahead :]
    trades: list[Traded] = []
    cash, sign, waits, entry, begun, stop, target = CASH, 0, 0, 0.0, 0, 0.0, 0.0
    for row in range(SLOW, len(close)):
        if waits:
            sign, waits, entry, begun = waits, 0, open_[row], times[row]
            cash -= FEE * entry
        if sign:
            left = leaving(sign, open_[row], high[row], low[row], stop, target)
            if left is not None:
                cash += sign * (left - entry) - FEE * left
                trades.append(Traded("BUY" if sign > 0 else "SELL", begun, times[row] + MINUTE, entry, left))
                sign = 0
        if not sign:
            waits = (apart[row - 1] <= 0 < apart[row]) - (apart[row - 1] >= 0 > apart[row])
            stop, target = close[row] * (1 - waits * STOP), close[row] * (1 + waits * TARGET)
    if sign:
        cash += sign * (close[-1] - entry) - FEE * close[-1]
    return Found(trades, cash)


def average(prices: Sequence[float], count: int) -> list[float]:
    """The exponential average that begins with the first price."""
    part, found = 2 / (count + 1), [prices[0]]
    for each in prices[1:]:
        found.append(found[-1] + part * (each - found[-1]))
    return found


def leaving(sign: int, opened: float, high: float, low: float, stop: float, target: float) -> float | None:
    """The price at which a candle ends the trade, the stop first; None if it does not."""
    if sign > 0:
        return min(stop, opened) if low <= stop else max(target, opened) if high >= target else None
    return max(stop, opened) if high >= stop else min(target, opened) if low <= target else None


def disagreement(one: Found, other: Found) -> list[str]:
    """What keeps two backtesters from agreeing; empty = they do."""
    said = []
    if abs(len(one.trades) - len(other.trades)) > TRADES_APART:
        said.append(f"{len(one.trades)} trades and {len(other.trades)}")
    if abs(one.equity / other.equity - 1) > EQUITY_APART:
        said.append(f"final equity {one.equity:.2f} and {other.equity:.2f}")
    return said


def alike(one: Found, other: Found) -> int:
    """How many trades both have: same side, same minutes, prices within 2 bps."""
    theirs = {(each.side, each.opened, each.closed): each for each in other.trades}
    count = 0
    for each in one.trades:
        same = theirs.get((each.side, each.opened, each.closed))
        if same is not None:
            count += abs(each.entry / same.entry - 1) < 2e-4 and abs(each.exit / same.exit - 1) < 2e-4
    return count
