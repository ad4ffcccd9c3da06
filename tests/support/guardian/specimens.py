"""Guardians with one fault each, that the watchman must catch."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from services.guardian.core import GuardianCore
from services.guardian.messages import (
    Answer,
    Book,
    Cancel,
    Close,
    Heard,
    Input,
    Place,
    ReadBook,
    ReadPositions,
    Request,
    Tick,
)
from services.guardian.settings import GuardianSettings
from shared.exchange.model.orders import NewOrder
from tests.support.guardian.account import LIQUIDATION


class ClosesFirst(GuardianCore):
    """It closes at the market beside every stop that it places."""

    def handle(self, taken: Input, now: int) -> list[Request]:
        requests: list[Request] = []
        for each in super().handle(taken, now):
            requests += [_close(each), each] if isinstance(each, Place) else [each]
        return requests


class TrustsReadings(GuardianCore):
    """It takes -4130 for a refusal like any other, and the account for what readings show."""

    def __init__(self, settings: GuardianSettings, lineage: str, life: int) -> None:
        super().__init__(settings.model_copy(update={"lag_ms": 1_000}), lineage, life)

    def handle(self, taken: Input, now: int) -> list[Request]:
        if isinstance(taken, Answer) and taken.result == "proved":
            taken = Answer(request=taken.request, result="refused", text=taken.text)
        return super().handle(taken, now)


class Slow(GuardianCore):
    """It waits for five seconds."""

    def __init__(self, settings: GuardianSettings, lineage: str, life: int) -> None:
        super().__init__(settings.model_copy(update={"act_after_ms": 5_000}), lineage, life)


class Deaf(GuardianCore):
    """It reads positions, and never a book."""

    def handle(self, taken: Input, now: int) -> list[Request]:
        if isinstance(taken, Book | Heard):
            taken = Tick()
        return [each for each in super().handle(taken, now) if not isinstance(each, ReadBook)]


class Untidy(GuardianCore):
    """It cancels nothing of its own, of flat legs and beside stops of others."""

    def handle(self, taken: Input, now: int) -> list[Request]:
        return [each for each in super().handle(taken, now) if not isinstance(each, Cancel)]


class GivesUp(GuardianCore):
    """It places a stop once, and no second time when that was refused."""

    def __init__(self, settings: GuardianSettings, lineage: str, life: int) -> None:
        super().__init__(settings, lineage, life)
        self._tried: set[str] = set()

    def handle(self, taken: Input, now: int) -> list[Request]:
        requests: list[Request] = []
        for each in super().handle(taken, now):
            if isinstance(each, Place):
                if each.order.symbol in self._tried:
                    continue
                self._tried.add(each.order.symbol)
            requests.append(each)
        return requests


class Greedy(GuardianCore):
    """It reads everything at every tick."""

    def handle(self, taken: Input, now: int) -> list[Request]:
        more = [ReadPositions()] if isinstance(taken, Tick) and now % 500 == 0 else []
        return [*super().handle(taken, now), *more]


class Beyond(GuardianCore):
    """Its stop lies where the exchange liquidates first."""

    def handle(self, taken: Input, now: int) -> list[Request]:
        return [_beyond(each) if isinstance(each, Place) else each for each in super().handle(taken, now)]


def _beyond(request: Place) -> Place:
    return Place(request.leg, msgspec.structs.replace(request.order, trigger=LIQUIDATION - 5))


def _close(request: Place) -> Close:
    order = request.order
    market = NewOrder(
        client_id=f"{order.client_id[:-1]}x", symbol=order.symbol, side=order.side, type="MARKET", quantity=_MUCH
    )
    return Close(request.leg, market)


_MUCH: Final = Decimal(1_000)
#: Fault → (core, a history that shows it, what the watchman says).
SPECIMENS: Final[dict[str, tuple[Callable[..., Any], list[tuple[str, str, int]], str]]] = {
    "closes first": (
        ClosesFirst,
        [("lag", "AUSDT", 60), ("deaf", "AUSDT", 10), ("open_with_stop", "AUSDT", 120)],
        "AUSDT was closed while a stop stood",
    ),
    "trusts readings": (
        TrustsReadings,
        [
            ("lag", "AUSDT", 60),
            ("deaf", "AUSDT", 0),
            ("refuse", "AUSDT", 1),
            ("open_bare", "AUSDT", 90),
            ("take", "AUSDT", 0),
            ("stop", "AUSDT", 100),
        ],
        "AUSDT was closed while a stop stood",
    ),
    "slow": (Slow, [("open_bare", "AUSDT", 120)], "AUSDT has had no stop for"),
    "reads no book": (Deaf, [("open_with_stop", "AUSDT", 20), ("cancel_stops", "AUSDT", 120)], "AUSDT has had no stop for"),
    "leaves orphans": (Untidy, [("open_bare", "AUSDT", 50), ("close", "AUSDT", 0)], "AUSDT: an orphan is left"),
    "two stops": (Untidy, [("open_bare", "AUSDT", 50), ("quantity_stop", "AUSDT", 100)], "AUSDT: two stops are left"),
    "gives up": (
        GivesUp,
        [("refuse", "AUSDT", 1), ("open_bare", "AUSDT", 40), ("take", "AUSDT", 0)],
        "AUSDT is held without a stop in the end",
    ),
    "greedy": (Greedy, [("open_bare", "AUSDT", 120)], "request weight"),
    "beyond liquidation": (Beyond, [("open_bare", "AUSDT", 100)], "AUSDT has had no stop for"),
}
