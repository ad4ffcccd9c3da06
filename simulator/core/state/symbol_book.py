"""The state of one symbol: prices, liquidity, resting and conditional orders, the account's legs and settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.order_words import PositionSide, Side, reduces_its_leg
from simulator.core.margin.brackets import Brackets
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import MarginType
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO, ExecutedTrade, Order
from simulator.core.model.statements import Commission
from simulator.core.state.legs import Leg

ONE_WAY: Final[tuple[PositionSide, ...]] = ("BOTH",)
HEDGE: Final[tuple[PositionSide, ...]] = ("LONG", "SHORT")

#: Balance less maintenance margin between two prices, USDT: from, to (None = without end), slope, maintenance deducted.
MarginLine = tuple[Decimal, Decimal | None, Decimal, Decimal]


class RestingOrder(msgspec.Struct, kw_only=True, array_like=True, eq=False):
    """An order with its executions. ``sequence``: time priority; at one price the smaller number fills first."""

    order: Order
    sequence: int
    trades: list[ExecutedTrade] = msgspec.field(default_factory=list)


class ConditionalOrder(msgspec.Struct, kw_only=True, array_like=True, eq=False):
    """A conditional order before its trigger. ``extreme``: best price since its trailing began, USDT; else 0."""

    algo: AlgoOrder
    sequence: int
    extreme: Decimal = ZERO

    @property
    def trails(self) -> bool:
        """Return True for an activated trailing stop, whose trigger follows the price."""
        return self.algo.type == "TRAILING_STOP_MARKET" and self.algo.activated

    @property
    def level(self) -> Decimal:
        """Return the price that triggers or activates it, USDT; for an active trailing stop, extreme and callback rate."""
        algo = self.algo
        if algo.type != "TRAILING_STOP_MARKET":
            return algo.trigger_price
        if not algo.activated:
            return algo.activate_price
        rate = algo.callback_rate / 100
        return self.extreme * (1 + rate if algo.side == "BUY" else 1 - rate)

    @property
    def falls(self) -> bool:
        """Return True if a falling price reaches ``level``: sell stop, buy take-profit, buy trailing before activation."""
        algo = self.algo
        stops = algo.type in ("STOP", "STOP_MARKET") or self.trails
        return (algo.side == "SELL") == stops


class SymbolBookState(msgspec.Struct, kw_only=True):
    """The part of a symbol book that a snapshot holds; fields as in ``SymbolBook``."""

    last: Decimal | None
    mark: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    bid_quantity: Decimal | None
    ask_quantity: Decimal | None
    volume: float | None
    taken_quantity: Decimal
    legs: dict[PositionSide, Leg]
    leverage: int
    margin_type: MarginType
    commission: Commission | None
    resting_orders: list[RestingOrder]
    conditional_orders: list[ConditionalOrder]


class QuietBand:
    """Prices (USDT) between which no order and no liquidation is reached; computed in ``matching/quiet_band.py``."""

    __slots__ = ("best_buy", "best_sell", "floats", "high", "high_limit", "low", "low_limit", "mark_high", "mark_low")

    def __init__(self, low: Decimal, high: Decimal, low_limit: Decimal, high_limit: Decimal) -> None:
        self.low, self.high = low, high
        self.low_limit, self.high_limit = low_limit, high_limit
        self.mark_low, self.mark_high = low, high
        self.best_buy, self.best_sell = low, high
        self.floats = (0.0, 0.0)


class SymbolBook:
    """State of one symbol. Prices in USDT, quantities in base currency.

    last, bid, ask: None = none yet. mark: None = the mark price follows the last price. bid_quantity, ask_quantity: None =
    unlimited. volume: of the last candle, None = no candle yet. taken_quantity: taken by our orders since the last candle or
    quote. resting_available: what our resting limits can fill in the current event, None = no limit; resting_filled: what
    they have filled of it. commission: None = the settings' fees. quiet_band: None = must be computed before use.
    liquidation: the last liquidation price, behind what it was computed from; None = none was asked for. margin_lines: the
    lines that it was found on, likewise.
    """

    __slots__ = (
        *SymbolBookState.__struct_fields__,
        "resting_available",
        "brackets",
        "filters",
        "liquidation",
        "margin_lines",
        "resting_filled",
        "quiet_band",
        "symbol",
    )

    def __init__(self, filters: Filters, brackets: Brackets, leverage: int, margin_type: MarginType = "CROSSED") -> None:
        self.symbol = filters.symbol
        self.filters = filters
        self.brackets = brackets
        self.quiet_band: QuietBand | None = None
        self.liquidation: tuple[tuple[object, ...], Decimal | None] | None = None
        self.margin_lines: tuple[tuple[object, ...], list[MarginLine]] | None = None
        self.last: Decimal | None = None
        self.mark: Decimal | None = None
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.bid_quantity: Decimal | None = None
        self.ask_quantity: Decimal | None = None
        self.volume: float | None = None
        self.taken_quantity = ZERO
        self.resting_available: Decimal | None = None
        self.resting_filled = ZERO
        self.legs: dict[PositionSide, Leg] = {}
        self.leverage = min(leverage, brackets.max_leverage)
        self.margin_type = margin_type
        self.commission: Commission | None = None
        self.resting_orders: list[RestingOrder] = []
        self.conditional_orders: list[ConditionalOrder] = []

    def saved(self) -> SymbolBookState:
        """Return the state for a snapshot."""
        return SymbolBookState(**{name: getattr(self, name) for name in SymbolBookState.__struct_fields__})

    def restore(self, state: SymbolBookState) -> None:
        """Replace the state by a snapshot's."""
        for name in SymbolBookState.__struct_fields__:
            setattr(self, name, getattr(state, name))
        self.quiet_band = None

    @property
    def mark_price(self) -> Decimal:
        """Return the mark price, USDT. Raises ValueError before the first price."""
        return self.mark if self.mark is not None else self.last_price

    @property
    def last_price(self) -> Decimal:
        """Return the last price, USDT. Raises ValueError before the first one."""
        if self.last is None:
            raise ValueError(f"{self.symbol} has no price yet; ask `last` first")
        return self.last

    def leg(self, side: PositionSide) -> Leg:
        """Return a leg, created flat if it does not exist."""
        found = self.legs.get(side)
        if found is None:
            found = self.legs[side] = Leg()
        return found

    def open_legs(self) -> list[tuple[PositionSide, Leg]]:
        """Return the legs that are not flat."""
        return [(side, leg) for side, leg in self.legs.items() if leg.quantity]

    def best(self, side: Side) -> Decimal | None:
        """Return the quote's price for a taker of this side (ask for BUY, bid for SELL); None without a quote."""
        return self.ask if side == "BUY" else self.bid

    def reducible(self, side: Side, position_side: PositionSide) -> Decimal:
        """Return how much of the leg an order of this side can close, base currency."""
        leg = self.legs.get(position_side)
        if leg is None or (leg.quantity > 0) == (side == "BUY"):
            return ZERO
        return abs(leg.quantity)

    def covered(self, side: Side, position_side: PositionSide) -> bool:
        """Return True if open reduce-only orders of this side already close the whole leg."""
        resting = (
            each.order.remaining
            for each in self.resting_orders
            if each.order.reduce_only and (each.order.side, each.order.position_side) == (side, position_side)
        )
        return sum(resting, ZERO) >= self.reducible(side, position_side)


def only_reduces(order: Order | AlgoOrder) -> bool:
    """Return True if the order can reduce a leg but never open or reverse one."""
    return order.reduce_only or order.close_position or reduces_its_leg(order.side, order.position_side)
