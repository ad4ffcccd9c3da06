"""Wild markets for the matching core: gaps, holes, prices times ten, thin minutes, and a trader with every kind of order.

A ``Minute`` is played in one of three lanes: as candles, as trades that the mark price follows, or as the tape plays them
(mark first after a gap, then quotes and trades, with a mark price that lags behind).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from shared.config.account import AccountSettings
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.settings import SimulatorSettings
from tests.support.simulator.core_trader import BRACKETS, BTC, ETH, FILTERS, FREE, SOL, D, algo, limit, market

SYMBOLS = (BTC, ETH, SOL)
TICK = D("0.1")
#: As shipped; without costs; thin and dear; so dear that opening alone can ruin.
COSTS = (
    SimulatorSettings(),
    FREE,
    SimulatorSettings(half_spread_bps=D(2), layer_slippage_bps=D(5), max_layers=4, limit_fills="touch"),
    SimulatorSettings(slippage_bps=D(200), layer_slippage_bps=D(100), taker_fee=D("0.01"), participation=D("0.01")),
)

Request = NewOrder | NewAlgoOrder
Play = Callable[[ExchangeCore, "Minute", Mapping[str, Decimal]], None]


@dataclass
class Minute:
    """One minute: its close time, candles by symbol (those missing have none), funding rates, and the orders after it."""

    close_time: int
    candles: dict[str, RawCandle]
    rates: dict[str, Decimal]
    requests: list[Request] = field(default_factory=list)


@dataclass
class World:
    """An account and the minutes that it lives through."""

    settings: SimulatorSettings
    account: AccountSettings
    hedge: bool
    minutes: list[Minute]

    def core(self) -> ExchangeCore:
        core = ExchangeCore(self.settings, FILTERS, BRACKETS, self.account)
        if self.hedge:
            core.set_hedge_mode(True, 1)
        return core

    @property
    def slippage(self) -> Decimal:
        """How far beyond the market a taker pays at most, fraction."""
        held = self.settings
        return (held.half_spread_bps + held.slippage_bps + held.max_layers * held.layer_slippage_bps) / 10_000


#: From one close to the next open. Most minutes are quiet, so that positions live long enough to be caught.
_GAPS = st.sampled_from((1.0, 1.0, 1.0, 1.0, 1.002, 0.998, 0.97, 1.03, 0.85, 1.15, 0.5, 2.2, 10.0, 0.1))
_MOVES = st.sampled_from((0.0, 0.0, 0.001, 0.01, 0.01, 0.08, 0.6))
_VOLUMES = st.sampled_from((0.0, 0.004, 3.0, 200.0, 1e6))
_QUANTITIES = st.sampled_from(("0.001", "1", "7.5", "60", "300", "900", "2000", "9000"))
_AWAY = st.sampled_from((0.001, 0.005, 0.02, 0.06, 0.3))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """An account of every leverage, crossed or isolated, one-way or hedge, with one symbol or several."""
    symbols = SYMBOLS[: draw(st.integers(1, 3))]
    account = AccountSettings(
        leverage=draw(st.sampled_from((1, 2, 3, 5, 10, 20, 50, 75, 125))),
        margin_type=draw(st.sampled_from(("cross", "isolated"))),
    )
    hedge = draw(st.booleans())
    price = dict.fromkeys(symbols, 1_000)  # ticks
    minutes, at = [], 0
    for number in range(draw(st.integers(2, 9))):
        at += 1 if number == 0 else draw(st.sampled_from((1, 1, 1, 4 * 1_440)))
        minute = Minute(at * MINUTE, {}, {})
        for symbol in symbols:
            if number and draw(st.integers(0, 5)) == 0:
                continue  # a hole of this symbol alone
            minute.candles[symbol] = candle = draw(_candles(symbol, price[symbol], at, quiet=number == 0))
            price[symbol] = round(candle.close * 10)
        if draw(st.integers(0, 4)) == 0:
            minute.rates[draw(st.sampled_from(symbols))] = D(draw(st.sampled_from(("0.0001", "-0.003", "0.05", "-0.1"))))
        minute.requests = draw(st.lists(_requests(symbols, price, hedge=hedge), max_size=4))
        minutes.append(minute)
    return World(draw(st.sampled_from(COSTS)), account, hedge, minutes)


@st.composite
def _candles(draw: st.DrawFn, symbol: str, ticks: int, at: int, *, quiet: bool) -> RawCandle:
    opened = ticks if quiet else _bounded(round(ticks * draw(_GAPS)))
    close = _bounded(round(opened * (1 + draw(_MOVES) * draw(st.sampled_from((-1, 1))))))
    high = _bounded(round(max(opened, close) * (1 + draw(_MOVES))))
    low = _bounded(round(min(opened, close) / (1 + draw(_MOVES))))
    prices = (each / 10 for each in (opened, high, low, close))
    first, top, bottom, last = prices
    return RawCandle(
        symbol=symbol, open_time=(at - 1) * MINUTE, open=first, high=top, low=bottom, close=last,
        volume=1e6 if quiet else draw(_VOLUMES),
    )  # fmt: skip


def _bounded(ticks: int) -> int:
    return max(1, min(ticks, 10**8))


@st.composite
def _requests(draw: st.DrawFn, symbols: tuple[str, ...], price: Mapping[str, int], *, hedge: bool) -> Request:
    symbol, side = draw(st.sampled_from(symbols)), draw(st.sampled_from(("BUY", "SELL")))
    changes: dict[str, Any] = {
        "symbol": symbol,
        "position_side": draw(st.sampled_from(("LONG", "SHORT"))) if hedge else "BOTH",
    }
    if not hedge and draw(st.integers(0, 3)) == 0:
        changes["reduce_only"] = True
    quantity = draw(_QUANTITIES)
    away = draw(_AWAY) * draw(st.sampled_from((-1, 1)))
    level = str(D(_bounded(round(price[symbol] * (1 + away)))) / 10)
    kind = draw(
        st.sampled_from(("MARKET", "MARKET", "MARKET", "LIMIT", "STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP", "TRAIL"))
    )
    if kind == "MARKET":
        return market(side, quantity, **changes)
    if kind == "LIMIT":
        return limit(side, quantity, level, **changes)
    changes["working_type"] = draw(st.sampled_from(("CONTRACT_PRICE", "MARK_PRICE")))
    if kind == "TRAIL":
        return algo(side, "TRAILING_STOP_MARKET", quantity, callback_rate=draw(st.sampled_from(("0.1", "2"))), **changes)
    if kind == "STOP":
        return algo(side, kind, quantity, at=level, price=level, **changes)
    if draw(st.booleans()):
        changes.pop("reduce_only", None)
        return algo(side, kind, None, at=level, **changes)
    return algo(side, kind, quantity, at=level, **changes)


def as_candles(core: ExchangeCore, minute: Minute, before: Mapping[str, Decimal]) -> None:
    """The lane of backtest, demo and paper."""
    core.on_candles([minute.candles[symbol] for symbol in sorted(minute.candles)], minute.close_time)


def as_trades(core: ExchangeCore, minute: Minute, before: Mapping[str, Decimal]) -> None:
    """Four trades a minute and symbol; the mark price follows the last price."""
    for number, symbol, price in _points(minute):
        size = D(repr(minute.candles[symbol].volume)) / 4
        core.on_trade(symbol, price, minute.close_time - MINUTE + number, size)


def as_ticks(core: ExchangeCore, minute: Minute, before: Mapping[str, Decimal]) -> None:
    """As the tape: after a gap the mark price first, then quotes and trades; within the minute the mark lags behind."""
    for number, symbol, price in _points(minute):
        now = minute.close_time - MINUTE + number
        size = max(D(repr(minute.candles[symbol].volume)) / 4, D("0.001"))
        if number == 1:
            core.on_mark(symbol, price, now)
        core.on_quote(symbol, price, price + TICK, now, size, size)
        core.on_trade(symbol, price, now, size)
    for symbol, candle in sorted(minute.candles.items()):
        core.on_mark(symbol, (D(repr(candle.close)) + D(repr(candle.open))) / 2, minute.close_time - 1)
        core.on_mark(symbol, D(repr(candle.close)), minute.close_time)


def _points(minute: Minute) -> list[tuple[int, str, Decimal]]:
    """Order, symbol and price of the trades of a minute: open, low, high, close of each symbol in turn."""
    found = []
    for symbol, candle in sorted(minute.candles.items()):
        for number, price in enumerate((candle.open, candle.low, candle.high, candle.close), 1):
            found.append((number, symbol, D(repr(price))))
    return sorted(found)
