"""The server's market of ticks and the lane of candles agree about who closes a position after a price gap (BT-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config.account import AccountSettings
from shared.domain.candles import RawCandle
from shared.domain.order_words import Side
from shared.domain.timeframes import MINUTE
from simulator.bracket_file import load_brackets
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.filters import Filters
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.market.funding import ConstantFunding
from simulator.server.serving import symbols_of
from simulator.server.session import MarketSession
from simulator.server.settings import ServerSettings
from simulator.settings import SimulatorSettings
from simulator.tape.settings import TapeSettings
from simulator.tape.tape_market import TapeMarket
from simulator.tape.tick_source import CandleTicks

BTC = "BTCUSDT"
START = 1_736_121_600_000
PRICE = 60_000.0
SYMBOLS = symbols_of((BTC,), ServerSettings())
FILTERS = {BTC: Filters.of_exchange_info(SYMBOLS.info["symbols"][0])}


class Candles:
    """A source of these candles; None = a minute without one."""

    def __init__(self, candles: Sequence[RawCandle | None]) -> None:
        self._candles = candles
        self.symbols = (BTC,)
        self.first, self.last = START + MINUTE, START + len(candles) * MINUTE

    def __len__(self) -> int:
        return len(self._candles)

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        for number, candle in enumerate(self._candles, 1):
            yield START + number * MINUTE, () if candle is None else (candle,)


def minutes(after: float, hole: int) -> list[RawCandle | None]:
    """Three minutes at PRICE, ``hole`` without a candle, two at ``after`` times PRICE."""

    def candle(number: int, price: float) -> RawCandle:
        price = round(price, 1)
        low, high = round(price * 0.9999, 1), round(price * 1.0001, 1)
        return RawCandle(
            symbol=BTC, open_time=START + number * MINUTE, open=price, high=high, low=low, close=price, volume=5_000.0
        )  # fmt: skip

    before: list[RawCandle | None] = [candle(number, PRICE) for number in range(3)]
    return [*before, *[None] * hole, *(candle(3 + hole + number, PRICE * after) for number in range(2))]


def new_core() -> ExchangeCore:
    return ExchangeCore(SimulatorSettings(), FILTERS, load_brackets(""), AccountSettings(leverage=10))


def enter(core: ExchangeCore, side: Side, quantity: str) -> None:
    """Take a position with a stop 3 % away."""
    order = NewOrder(symbol=BTC, side=side, type="MARKET", quantity=Decimal(quantity), client_id="in")
    placed = core.place(order, core.time)
    assert getattr(placed, "status", None) == "FILLED", placed
    away = Decimal(PRICE) * (Decimal("0.97") if side == "BUY" else Decimal("1.03"))
    stop = core.place_algo(
        NewAlgoOrder(
            symbol=BTC, side="SELL" if side == "BUY" else "BUY", type="STOP_MARKET", close_position=True,
            trigger_price=away.quantize(Decimal("0.1")), client_algo_id="stop",
        ),
        core.time,
    )  # fmt: skip
    assert getattr(stop, "status", None) == "NEW", stop


def in_candles(side: Side, quantity: str, found: Sequence[RawCandle | None]) -> ExchangeCore:
    core = new_core()
    for number, candle in enumerate(found, 1):
        core.on_candles([] if candle is None else [candle], START + number * MINUTE)
        core.on_fundings({}, START + number * MINUTE)
        if number == 3:
            enter(core, side, quantity)
    return core


def in_ticks(side: Side, quantity: str, found: Sequence[RawCandle | None]) -> ExchangeCore:
    tape = TapeSettings(history_minutes=0)
    ticks = CandleTicks(Candles(found), SYMBOLS.grids, tape, seed=3)
    market = TapeMarket(ticks, SYMBOLS.grids, ConstantFunding((BTC,), 0), tape)
    session = MarketSession(market, new_core(), SYMBOLS.info, SYMBOLS.grids)
    session.advance(START + 3 * MINUTE)
    enter(session.core, side, quantity)
    session.advance(START + len(found) * MINUTE)
    return session.core


def closed_by(core: ExchangeCore) -> set[str]:
    return {trade.client_id[:4] for trade in core.trades()} - {"in"}


CASES = [
    ("BUY", "1.6", 0.85, 0, {"auto"}),  # 9.6 times the wallet, 15 % down
    ("BUY", "1.6", 0.95, 0, {"stop"}),
    ("BUY", "0.3", 0.85, 0, {"stop"}),
    ("SELL", "1.6", 2.2, 0, {"auto"}),
    ("SELL", "1.6", 1.05, 0, {"stop"}),
    ("SELL", "0.2", 10.0, 240, {"auto"}),  # 1.2 times the wallet, ten times the price after a hole
    ("SELL", "0.1", 1.5, 240, {"stop"}),
]


@pytest.mark.parametrize("lane", [in_candles, in_ticks])
@pytest.mark.parametrize(("side", "quantity", "after", "hole", "closes"), CASES)
def test_who_closes_a_position_after_a_gap(
    lane: object, side: Side, quantity: str, after: float, hole: int, closes: set[str]
) -> None:
    """BT-1: the liquidation where the price reappears beyond its level, else the stop; nothing is owed."""
    core = lane(side, quantity, minutes(after, hole))  # type: ignore[operator]  # one of the two above
    assert closed_by(core) == closes
    assert core.account().margin_balance >= 0
    assert core.positions() == []


@given(
    st.sampled_from(("BUY", "SELL")),
    st.sampled_from(("0.1", "0.5", "1", "1.6")),
    st.sampled_from((0.3, 0.7, 0.88, 0.93, 0.99, 1.01, 1.07, 1.12, 1.4, 3.0)),
    st.sampled_from((0, 1, 30)),
)
@settings(max_examples=25, deadline=None)
def test_both_lanes_agree(side: Side, quantity: str, after: float, hole: int) -> None:
    """BT-1: the same order closes, and the result differs by spread and path only."""
    candles, ticks = (lane(side, quantity, minutes(after, hole)) for lane in (in_candles, in_ticks))
    assert closed_by(candles) == closed_by(ticks)
    first, second = candles.account().margin_balance, ticks.account().margin_balance
    assert min(first, second) >= 0
    assert abs(first - second) < 250


def test_a_price_set_by_hand_reaches_the_mark_before_the_stop() -> None:
    """BT-1, OPS-9: what ``POST /sim/price`` and the fault price_spike do is a gap like any other."""
    tape = TapeSettings(history_minutes=0)
    ticks = CandleTicks(Candles(minutes(1.0, 0)), SYMBOLS.grids, tape, seed=3)
    market = TapeMarket(ticks, SYMBOLS.grids, ConstantFunding((BTC,), 0), tape)
    session = MarketSession(market, new_core(), SYMBOLS.info, SYMBOLS.grids)
    session.advance(START + 3 * MINUTE)
    enter(session.core, "BUY", "1.6")
    session.set_price(BTC, Decimal(PRICE) * Decimal("0.8"))
    assert closed_by(session.core) == {"auto"}
    assert session.core.account().margin_balance >= 0
