"""What a moving price meets: resting limits, triggers, liquidations (BT-1, binance.md §5.3, §7.3).

The nearest level is met first. At one price, in this order: stops and trailing stops, liquidation, take-profits, limits; of
one kind, the earlier placed first. What lies beyond a gap is met where the price reappears, in the order in which the price
would have passed it: a limit entry fills before the stop behind it, and that stop fills at the new price.

* A trigger is touched by its working price, and fills at the market from the worse of trigger and place: a stop in a gap
  fills from the place; without a quote, a take-profit in a gap from its trigger. A price-protected one does not trigger
  while mark and last price are too far apart.
* A limit fills at its price, as maker, when a trade goes through it (or touches it, by setting), or when the quote of the
  other side comes to it, as far as the quantity of that trade, quote or candle goes; the rest stays.
* Liquidation is where the margin balance is down to the maintenance margin, at mark price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, NamedTuple

from simulator.core.margin import margin
from simulator.core.margin.liquidation import liquidate
from simulator.core.matching import fills
from simulator.core.matching.liquidity import on_step
from simulator.core.model.enums import AlgoType, PositionSide
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import Floor
from simulator.core.state.symbol_book import Pit, Ticket, Waiting, only_reduces
from simulator.rejections import Rejection

#: Which price moves. ``last`` is the mark price too, as long as the pit has no other.
Kind = Literal["last", "mark"]

_RANK: Final[dict[AlgoType, int]] = {
    "STOP": 0,
    "STOP_MARKET": 0,
    "TRAILING_STOP_MARKET": 0,
    "TAKE_PROFIT": 2,
    "TAKE_PROFIT_MARKET": 2,
}
_LIQUIDATION_RANK: Final = 1
_LIMIT_RANK: Final = 3


class Met(NamedTuple):
    """What the price meets, and where: a limit, an algo order, or the liquidation of a leg."""

    what: Ticket | Waiting | PositionSide
    place: Decimal


def trade(floor: Floor, pit: Pit, price: Decimal, quantity: Decimal | None) -> None:
    """A trade of the market happened: let happen what it meets. ``quantity``: what our limits can get of it, None = all."""
    pit.available = None if quantity is None else on_step(quantity, pit.filters.step_size)
    pit.made = ZERO
    pit.last = price
    follow(floor, pit, price, "last")
    while (met := next_met(floor, pit, price, price, "last")) is not None:
        act(floor, pit, met)


def mark(floor: Floor, pit: Pit, price: Decimal) -> None:
    """The mark price moved."""
    pit.mark = price
    follow(floor, pit, price, "mark")
    while (met := next_met(floor, pit, price, price, "mark")) is not None:
        act(floor, pit, met)


def quote(floor: Floor, pit: Pit) -> None:
    """The best prices moved (they are in the pit): limits that they cross fill, best price first, as makers."""
    for side, best, size in (("BUY", pit.ask, pit.ask_quantity), ("SELL", pit.bid, pit.bid_quantity)):
        if best is None:
            continue
        crossed = [
            ticket
            for ticket in pit.tickets
            if ticket.order.side == side and ticket.order.signed(ticket.order.price - best) >= 0
        ]
        crossed.sort(key=lambda ticket: (-ticket.order.signed(ticket.order.price), ticket.sequence))
        pit.available = None if size is None else on_step(size, pit.filters.step_size)
        pit.made = ZERO
        for ticket in crossed:
            if not ticket.order.closed and (pit.available is None or pit.made < pit.available):
                fill_limit(floor, pit, ticket)


def follow(floor: Floor, pit: Pit, price: Decimal, kind: Kind) -> None:
    """Trailing orders whose working price is at its best since they began go with it."""
    for each in pit.waiting:
        if each.trails and listens(pit, each, kind):
            better = each.extreme < price if each.algo.side == "SELL" else each.extreme > price
            if better:
                each.extreme = price
                pit.lines = None


def listens(pit: Pit, waiting: Waiting, kind: Kind) -> bool:
    """True when the order's working price is the one that moves."""
    if pit.mark is None:
        return kind == "last"
    return (waiting.algo.working_type == "MARK_PRICE") == (kind == "mark")


def next_met(floor: Floor, pit: Pit, point: Decimal, target: Decimal, kind: Kind) -> Met | None:
    """What the price meets first on its way from ``point`` to ``target``; None = nothing."""
    lowest, highest = min(point, target), max(point, target)
    best: tuple[Decimal, Decimal, int, int] | None = None
    found: Met | None = None
    if kind == "last" and (pit.available is None or pit.available > pit.made):
        through = floor.settings.limit_fills == "through"
        for ticket in pit.tickets:
            level, falls = ticket.order.price, ticket.order.side == "BUY"
            if (level < lowest if falls else level > highest) or (through and level == (lowest if falls else highest)):
                continue
            place = min(level, point) if falls else max(level, point)
            key = (abs(place - point), -abs(level - place), _LIMIT_RANK, ticket.sequence)
            if best is None or key < best:
                best, found = key, Met(ticket, place)
    for each in pit.waiting:
        level = each.level
        if (level < lowest if each.falls else level > highest) or not listens(pit, each, kind) or protected(pit, each):
            continue
        place = min(level, point) if each.falls else max(level, point)
        key = (abs(place - point), -abs(level - place), _RANK[each.algo.type], each.sequence)
        if best is None or key < best:
            best, found = key, Met(each, place)
    if kind == "mark" or pit.mark is None:
        for side, leg in pit.held():
            level_or_none = _liquidation(floor, pit, side, lowest, highest)
            if level_or_none is None:
                continue
            falls = leg.quantity > 0
            place = min(level_or_none, point) if falls else max(level_or_none, point)
            place = max(lowest, min(highest, place))
            key = (abs(place - point), -abs(level_or_none - place), _LIQUIDATION_RANK, 0)
            if best is None or key < best:
                best, found = key, Met(side, place)
    return found


def _liquidation(floor: Floor, pit: Pit, side: PositionSide, lowest: Decimal, highest: Decimal) -> Decimal | None:
    """The leg's liquidation price, when the way from ``lowest`` to ``highest`` comes to it."""
    leg = pit.leg(side)
    worst = lowest if leg.quantity > 0 else highest
    last, mark_price = pit.last, pit.mark
    if pit.mark is None:
        pit.last = worst
    else:
        pit.mark = worst
    reached = margin.underwater(floor, pit, leg)
    pit.last, pit.mark = last, mark_price
    if not reached:
        return None
    level = margin.liquidation_price(floor, pit, side)
    return level if level is not None else worst


def protected(pit: Pit, waiting: Waiting) -> bool:
    """True when price protection holds the trigger back: mark and last price are too far apart."""
    bound = pit.filters.trigger_protect
    if not waiting.algo.price_protect or bound is None or not pit.mark_price:
        return False
    return abs(pit.last_price - pit.mark_price) > bound * pit.mark_price


def act(floor: Floor, pit: Pit, met: Met) -> None:
    """Let it happen."""
    what, place = met
    if isinstance(what, Ticket):
        fill_limit(floor, pit, what)
    elif isinstance(what, Waiting):
        trigger(floor, pit, what, place)
    else:
        liquidate(floor, pit, what)


def fill_limit(floor: Floor, pit: Pit, ticket: Ticket) -> None:
    """A resting limit gets what there is for it."""
    order = ticket.order
    reduces = only_reduces(order)
    reducible = pit.reducible(order.side, order.position_side)
    if reduces and not reducible:
        floor.end(ticket, "expire", Rejection.REDUCE_ONLY_REJECT)
    else:
        quantity = order.remaining
        if pit.available is not None:
            quantity = min(quantity, pit.available - pit.made)
        if reduces:
            quantity = min(quantity, reducible)
        floor.fill(ticket, quantity, order.price, floor.commission(pit).maker, maker=True)
        pit.made += quantity
        if reduces and not ticket.order.closed and not pit.reducible(order.side, order.position_side):
            floor.end(ticket, "expire")
    floor.settle(ticket)


def trigger(floor: Floor, pit: Pit, waiting: Waiting, place: Decimal) -> None:
    """An algo order is reached at ``place``: its trailing begins, or it becomes an order."""
    algo = waiting.algo
    if algo.type == "TRAILING_STOP_MARKET" and not algo.activated:
        waiting.algo = floor.move_algo(algo, "activate", activated=True)
        waiting.extreme = place
        pit.lines = None
        return
    if pit.mark is not None and algo.working_type == "MARK_PRICE":
        base = pit.last_price  # the mark price triggers, the market pays
    elif pit.best(algo.side) is not None:
        base = place
    else:
        base = max(waiting.level, place) if algo.side == "BUY" else min(waiting.level, place)
    floor.take_out(waiting)
    fills.release(floor, pit, floor.move_algo(algo, "trigger", triggered_at=floor.time), base)
