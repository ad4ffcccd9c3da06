"""What may happen in a history: each a word, done to a symbol, after which some time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from tests.support.guardian.world import World

D = Decimal
#: Ms for each unit of a history's pauses.
UNIT: Final = 100


def _open_with_stop(world: World, symbol: str) -> None:
    if symbol not in world.account.held:
        world.account.hold(symbol, D(2))
        world.run(300)
        world.others_stop(symbol)


def _open_bare(world: World, symbol: str) -> None:
    world.account.hold(symbol, D(1))


def _open_short(world: World, symbol: str) -> None:
    world.account.hold(symbol, D(-3))


def _add(world: World, symbol: str) -> None:
    held = world.account.held.get(symbol)
    if held is not None:
        world.account.hold(symbol, held.quantity * 2)


def _close(world: World, symbol: str) -> None:
    """Execution closes, and takes its own orders away."""
    if symbol in world.account.held:
        world.account.hold(symbol, D(0))
        for order in [each for each in world.account.orders.values() if each.symbol == symbol]:
            if not order.client_id.startswith("ictg"):
                world.account.end(order.client_id)


def _quantity_stop(world: World, symbol: str) -> None:
    held = world.account.held.get(symbol)
    if held is not None:
        world.others_stop(symbol, quantity=abs(held.quantity))


def _refuse(world: World, _: str) -> None:
    world.account.refusing = "refused"


def _outage(world: World, _: str) -> None:
    world.account.refusing = "passing"


def _doubt(world: World, _: str) -> None:
    world.account.refusing = "unknown"


def _take(world: World, _: str) -> None:
    world.account.refusing = None


def _lag(world: World, _: str) -> None:
    world.account.lag = 5_000


def _deaf(world: World, _: str) -> None:
    world.deaf = True


def _hear(world: World, _: str) -> None:
    world.deaf = False


def _blind(world: World, _: str) -> None:
    world.unreadable = True


def _see(world: World, _: str) -> None:
    world.account.lag = 0
    world.unreadable = False


ACTIONS: Final[Mapping[str, Callable[[World, str], None]]] = {
    "open_with_stop": _open_with_stop,
    "open_bare": _open_bare,
    "open_short": _open_short,
    "add": _add,
    "close": _close,
    "stop": lambda world, symbol: world.others_stop(symbol),
    "quantity_stop": _quantity_stop,
    "far_stop": lambda world, symbol: world.far_stop(symbol),
    "cancel_stops": lambda world, symbol: world.cancel_stops(symbol),
    "refuse": _refuse,
    "outage": _outage,
    "doubt": _doubt,
    "take": _take,
    "lag": _lag,
    "blind": _blind,
    "see": _see,
    "deaf": _deaf,
    "hear": _hear,
    "restart": lambda world, _: world.restart(),
}


def play(world: World, history: Iterable[tuple[str, str, int]], rest_ms: int = 40_000) -> None:
    """Play a history; then everything is well again, for long enough to tidy up."""
    world.run(3_000)
    for word, symbol, pause in history:
        ACTIONS[word](world, symbol)
        world.run(pause * UNIT)
    for word in ("take", "see", "hear"):
        ACTIONS[word](world, "")
    world.run(rest_ms)
