"""Random histories with hedge mode: a person switches the account, and trades its legs by hand.

Execution trades one-way mode. In hedge mode it enters nothing; what an earlier process of ours left in a leg is a trade.
A class of its own: the seeds of the other histories stay as they are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from services.execution.core import ExecutionCore
from services.execution.plans.plan import Plan
from shared.domain.intents import ExitRung
from shared.domain.listing import Closure, InstrumentList
from shared.domain.order_words import PositionSide, Side
from shared.exchange.model.orders import NewOrder
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, LINEAGE, bundle, client_order_id, intent, operators
from tests.support.execution.machine import COMMANDS, History, mix
from tests.support.execution.shares import leg_name, symbol_and_leg
from tests.support.execution.watch import FAR

D = Decimal


class Hedged(History):
    """A history in which the account changes its position mode. The driver asks for the mode after every action."""

    def __init__(self, seed: int, kind: type[ExecutionCore] = ExecutionCore) -> None:
        super().__init__(seed, kind)
        self.told = False  # the core knows of hedge mode
        self.before = 0  # orders of earlier processes

    def do(self, name: str) -> None:
        super().do(name)
        if self.desk.driver.weather.reads and self.told != self.desk.exchange.hedge:
            self._tell_mode()

    def end(self) -> None:
        self.weather_clears()
        self._tell_mode()
        super().end()

    def filters_change(self) -> None:
        super().filters_change()
        self._tell_mode()

    # -- the mode -----------------------------------------------------------------------------------------------------

    def person_switches(self) -> None:
        """The exchange refuses while something is held or rests; then the person clears the account first, or gives up."""
        exchange = self.desk.exchange
        if exchange.switch(hedge=not exchange.hedge) and self.draw.random() < 0.7:
            self.watch.excuse()
            self.watch.others_act()
            for order in exchange.living():
                self.desk.person_cancels(order)
            for name in self._held():
                self._trades(name, -self.desk.held(name))
            exchange.switch(hedge=not exchange.hedge)
        self.watch.hedge_is_known = self.told == exchange.hedge

    # -- a person -----------------------------------------------------------------------------------------------------

    def person_opens_leg(self) -> None:
        """Or adds to it."""
        name = self._any_leg()
        if self.desk.exchange.hedge:
            self._trades(name, _sign(name) * self.draw.choice([D("0.5"), D(1), D(2)]))

    def person_adds_to_leg(self) -> None:
        """To what is held already, whoever holds it."""
        if name := self._held_leg():
            self._trades(name, _sign(name) * self.draw.choice([D("0.1"), D("0.5")]))

    def person_cuts_leg(self) -> None:
        if name := self._held_leg():
            held = self.desk.held(name)
            self._trades(name, -_sign(name) * min(abs(held), self.draw.choice([D("0.1"), D("0.5"), D(1)])))

    def person_closes_leg(self) -> None:
        if name := self._held_leg():
            self._trades(name, -self.desk.held(name))

    def person_stops_leg(self) -> None:
        """The exchange takes one beside none other: with a stop of ours there it refuses."""
        if name := self._held_leg():
            self.persons += 1
            order = self._stop(name, f"web_s{self.persons}", D(3))
            self.desk.driver.happen(lambda: self.desk.exchange.place(order))

    def person_stops_leg_far_away(self) -> None:
        """It stands before anything is held there, and protects nothing."""
        name = self._any_leg()
        if self.desk.exchange.hedge and not self.desk.held(name):
            self.persons += 1
            order = self._stop(name, f"{FAR}{self.persons}", D(60))
            self.desk.driver.happen(lambda: self.desk.exchange.place(order))

    def guardian_closes_leg(self) -> None:
        if name := self._held_leg():
            self._trades(name, -self.desk.held(name), operators("g", f"leg{self.persons}"))

    def leg_is_liquidated(self) -> None:
        if name := self._held_leg():
            self.watch.others_act()
            self.desk.driver.happen(lambda: self.desk.exchange.close_by_exchange(name))

    # -- earlier processes of ours --------------------------------------------------------------------------------------

    def earlier_entry_fills(self) -> None:
        """Nothing is remembered of it: under an id of ours it is ours all the same."""
        name = self._any_leg()
        if self.desk.exchange.hedge:
            self.desk.driver.happen(lambda: self._earlier_entry(name))

    def earlier_trade_is_found(self) -> None:
        """A process of ours entered a leg, placed the stop, and was lost with all that it knew; another one begins."""
        name, exchange = self._any_leg(), self.desk.exchange
        if not exchange.hedge or self.desk.held(name) or self._stands(name):
            return
        exchange.time = self.desk.now
        self._earlier_entry(name)
        if self.desk.held(name):  # the exchange took the entry
            stop = client_order_id("e", LINEAGE, f"before{self.before}", "stop", 1)
            self.watch.earlier.add(stop)
            exchange.place(self._stop(name, stop, D(5)))
        exchange.said.clear()  # nobody listened
        self._again(self.desk.core.snapshot())

    # -- risk ---------------------------------------------------------------------------------------------------------

    def approve_leg(self) -> None:
        """Risk signs an intent of a leg: a fault of its own, and no approval."""
        self.count += 1
        leg: PositionSide = self.draw.choice(["LONG", "SHORT"])
        price, sign = self.desk.exchange.price[BTC], 1 if leg == "LONG" else -1
        one = intent(
            f"leg{self.count}", self.desk.now, side="BUY" if sign > 0 else "SELL", leg=leg, price=price,
            bound=price + sign * D("0.5"), stop=price - sign * D(5), exits=(ExitRung(price=price + sign * D(10)),),
        )  # fmt: skip
        self.desk.driver.give(bundle(one))

    def close_leg_intent(self) -> None:
        self._manage_leg("close")

    def move_leg_stop_intent(self) -> None:
        self._manage_leg("move_stop")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _again(self, snapshot: bytes | None) -> None:
        super()._again(snapshot)
        self._tell_mode()  # it is read before anything else, at every start

    def _tell_mode(self) -> None:
        exchange = self.desk.exchange
        self.told, self.watch.hedge_is_known = exchange.hedge, True
        text = "the account is in hedge mode"
        closures = tuple(
            Closure(symbol=symbol, reason="account_mode", since=0, until=None, text=text) for symbol in exchange.price
        )
        filters = tuple(
            msgspec.structs.replace(each, tick_size=exchange.tick, market_max_quantity=exchange.market_maximum)
            for each in INSTRUMENTS.values()
        )
        told = InstrumentList(time=self.desk.now, instruments=filters, closures=closures if exchange.hedge else ())
        self.desk.driver.give(told)

    def _any_leg(self) -> str:
        leg: PositionSide = self.draw.choice(["LONG", "SHORT"])
        return leg_name(self.draw.choice([BTC, BTC, ETH]), leg)

    def _held(self) -> list[str]:
        return [name for name, held in self.desk.exchange.position.items() if held]

    def _held_leg(self) -> str:
        held = [name for name in self._held() if ":" in name]
        return self.draw.choice(held) if held else ""

    def _trades(self, name: str, signed: Decimal, client_id: str = "") -> None:
        self.watch.others_act()
        self.persons += 1
        self.desk.person(str(signed), symbol=name, client_id=client_id or f"web_{self.persons}")

    def _stop(self, name: str, client_id: str, away: Decimal) -> NewOrder:
        """A stop that closes a whole leg, so far from the price."""
        symbol, leg = symbol_and_leg(name)
        trigger = self.desk.exchange.price[symbol] - _sign(name) * away
        side: Side = "SELL" if leg == "LONG" else "BUY"
        return NewOrder(
            client_id=client_id, symbol=symbol, side=side, type="STOP_MARKET", trigger=trigger - trigger % D("0.5"),
            close_position=True, position_side=leg,
        )  # fmt: skip

    def _stands(self, name: str) -> bool:
        symbol, leg = symbol_and_leg(name)
        return any(each.position_side == leg and each.close_position for each in self.desk.exchange.living(symbol))

    def _earlier_entry(self, name: str) -> None:
        self.before += 1
        client_id = client_order_id("e", LINEAGE, f"before{self.before}", "entry")
        self.watch.earlier.add(client_id)
        self.desk.exchange.market(name, _sign(name) * self.draw.choice([D("0.5"), D(2)]), client_id)

    def _manage_leg(self, purpose: Any) -> None:
        plans = [plan for plan in self.desk.core.state.plans.values() if plan.intent.leg != "BOTH"]
        if not plans:
            return
        plan: Plan = self.draw.choice(plans)
        self.count += 1
        stop = self.desk.exchange.price[plan.symbol] - plan.sign * D(2)
        one = intent(
            f"m{self.count}", self.desk.now, plan.symbol, side=plan.intent.side, leg=plan.intent.leg, purpose=purpose,
            about=plan.id, stop=stop - stop % D("0.5"),
        )  # fmt: skip
        self.desk.driver.give(bundle(one))


def _sign(name: str) -> int:
    return 1 if name.endswith(":LONG") else -1


#: What happens in the legs of an account.
LEG_ACTIONS: tuple[str, ...] = (
    *("person_switches",) * 2, *("person_opens_leg",) * 2, "person_adds_to_leg", "person_cuts_leg", "person_closes_leg",
    "person_stops_leg", "person_stops_leg_far_away", "guardian_closes_leg", "leg_is_liquidated",
    *("earlier_entry_fills",) * 3, *("earlier_trade_is_found",) * 4, "approve_leg", "close_leg_intent",
    "move_leg_stop_intent",
)  # fmt: skip


def hedged_mix(seed: int) -> tuple[str, ...]:
    """The actions of a history with hedge mode: those of legs, and a third of the disturbances of the others."""
    return (*LEG_ACTIONS * 2, *mix(seed), *COMMANDS)


def play_hedged(seed: int, names: list[str], kind: type[ExecutionCore] = ExecutionCore) -> Hedged:
    """Play a history and judge it at its end."""
    history = Hedged(seed, kind)
    for name in names:
        history.do(name)
    history.end()
    return history
