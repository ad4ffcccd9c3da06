"""Measures the matching engine with a hundred orders, against a scan of all orders at every price event.

The reference is the same engine without its quiet band: each trade checks every limit, every trigger and the liquidation of
the position. Both runs must give the same executions, else no figures are printed. Times are CPU seconds of this process.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Final, Literal

import typer

from shared.domain.order_words import Side, WorkingType
from shared.runtime.process.exits import Exit, Leave
from simulator.bracket_file import load_brackets
from simulator.core.exchange_core import ExchangeCore
from simulator.core.matching import matching
from simulator.core.model.exact import EXACT
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ExecutedTrade
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.settings import SimulatorSettings

_SYMBOL: Final = "BTCUSDT"
_TICK: Final = Decimal("0.1")
_START: Final = 1_000_000  # ticks: 100,000 USDT
_RESTING, _RUNS, _SCANNED = 100, 5, 20_000
_FILTERS: Final = Filters(
    symbol=_SYMBOL, tick_size=_TICK, min_price=_TICK, max_price=Decimal(10**9), step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"), max_quantity=Decimal(1_000), market_step_size=Decimal("0.001"),
    market_min_quantity=Decimal("0.001"), market_max_quantity=Decimal(120), min_notional=Decimal(100),
)  # fmt: skip
Event = tuple[Literal["trade", "quote", "mark"], Decimal]


def prices(count: int, seed: int) -> list[Decimal]:
    """Generate a walk by single ticks, with an occasional jump of up to 50."""
    dice = random.Random(seed)  # noqa: S311 - a benchmark's market, not a secret
    ticks, walk = _START, []
    for _ in range(count):
        ticks += dice.choice((-1, 0, 1)) if dice.random() > 0.001 else dice.randint(-50, 50)
        walk.append(ticks * _TICK)
    return walk


def opened(seed: int) -> ExchangeCore:
    """Return an exchange with a long of 0.5 BTC and 100 orders around the price: limits, stops, targets, two trailing."""
    core = ExchangeCore(SimulatorSettings(starting_wallet=Decimal(10**6)), {_SYMBOL: _FILTERS}, load_brackets())
    core.on_trade(_SYMBOL, _START * _TICK, 1)
    core.on_mark(_SYMBOL, _START * _TICK, 1)
    core.place(NewOrder(symbol=_SYMBOL, side="BUY", type="MARKET", quantity=Decimal("0.5")), 1)
    dice = random.Random(seed + 1)  # noqa: S311 - as above
    while len(core.open_orders()) + len(core.open_algo_orders()) < _RESTING:
        _rest(core, dice)
    core.take_events()
    return core


def _rest(core: ExchangeCore, dice: random.Random) -> None:
    last = core.last_price(_SYMBOL) or _START * _TICK
    away = dice.randint(100, 5_000) * _TICK
    quantity = Decimal("0.002")
    kind = dice.choice(("limit", "limit", "limit", "stop", "target", "trailing"))
    above = dice.random() < 0.5
    level = last + away if above else last - away
    if kind == "limit":
        side: Side = "SELL" if above else "BUY"
        core.place(
            NewOrder(symbol=_SYMBOL, side=side, type="LIMIT", quantity=quantity, price=level, time_in_force="GTC"),
            core.time,
        )
    elif kind == "trailing":
        if sum(algo.type == "TRAILING_STOP_MARKET" for algo in core.open_algo_orders()) < 2:
            core.place_algo(
                NewAlgoOrder(
                    symbol=_SYMBOL, side="SELL", type="TRAILING_STOP_MARKET", quantity=quantity, callback_rate=Decimal(1)
                ),
                core.time,
            )
    else:
        working: WorkingType = "MARK_PRICE" if dice.random() < 0.3 else "CONTRACT_PRICE"
        core.place_algo(
            NewAlgoOrder(
                symbol=_SYMBOL, side="BUY" if above == (kind == "stop") else "SELL", quantity=quantity,
                type="STOP_MARKET" if kind == "stop" else "TAKE_PROFIT_MARKET", trigger_price=level, working_type=working,
            ),
            core.time,
        )  # fmt: skip


def trades_only(core: ExchangeCore, walk: Sequence[Decimal]) -> float:
    """Return CPU seconds for one trade event per price."""
    event = core.on_trade
    began = time.process_time()
    for number, price in enumerate(walk, 2):
        event(_SYMBOL, price, number)
    return time.process_time() - began


def mixed(core: ExchangeCore, walk: Sequence[Decimal]) -> float:
    """Return CPU seconds for a trade, a quote and a mark price in turn, one event per price."""
    trade, quote, mark, size = core.on_trade, core.on_quote, core.on_mark, Decimal(1)
    began = time.process_time()
    for number, price in enumerate(walk, 2):
        if number % 3 == 0:
            trade(_SYMBOL, price, number)
        elif number % 3 == 1:
            quote(_SYMBOL, price, price + _TICK, number, size, size)
        else:
            mark(_SYMBOL, price, number)
    return time.process_time() - began


def scanned(core: ExchangeCore, walk: Sequence[Decimal]) -> float:
    """Return CPU seconds for one trade event per price when each checks every order."""
    state = core.state
    book = state.books[_SYMBOL]
    began = time.process_time()
    with localcontext(EXACT):
        for number, price in enumerate(walk, 2):
            state.saved.time = number
            matching.trade(state, book, price, None)
    return time.process_time() - began


def executions(core: ExchangeCore) -> list[ExecutedTrade]:
    """Return the executions, to compare the runs."""
    return core.trades()


def main(events: int, *, as_json: bool) -> None:
    """Measure and print the figures."""
    quick: list[float] = []
    mix: list[float] = []
    naive: list[float] = []
    filled = 0
    for seed in range(_RUNS):
        walk = prices(events, seed)
        short = walk[: min(_SCANNED, events)]
        checked, reference = opened(seed), opened(seed)
        trades_only(checked, short)
        naive.append(len(short) / scanned(reference, short))
        if executions(checked) != executions(reference):
            raise Leave(Exit.NEGATIVE, f"seed {seed}: the core and the scan of every order executed differently")
        core = opened(seed)
        quick.append(events / trades_only(core, walk))
        filled += len(core.trades()) - 1
        mix.append(events / mixed(opened(seed), walk))
    result = {
        "events": events,
        "runs": _RUNS,
        "resting_orders": _RESTING,
        "executions": filled,
        "trade_events_per_second": round(statistics.median(quick)),
        "mixed_events_per_second": round(statistics.median(mix)),
        "scan_events_per_second": round(statistics.median(naive)),
        "ratio": round(statistics.median(quick) / statistics.median(naive), 1),
    }
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(
        f"{_RESTING} resting orders: {result['trade_events_per_second']:,} trades/s, {result['mixed_events_per_second']:,} "
        f"events/s of trades, quotes and marks; {result['scan_events_per_second']:,}/s when every order is asked "
        f"({result['ratio']} times as slow); {filled} executions in {_RUNS} runs of {events:,} events"
    )
