"""What others do in a random history: a person in the app, another program, the guardian."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec

from tests.support.execution.desk import BTC, ETH, Desk, operators
from tests.support.execution.watch import FAR, Watch

D = Decimal


class Others:
    """The actions of others. ``persons``: how many orders they have placed."""

    draw: random.Random
    desk: Desk
    watch: Watch
    persons: int

    def person_cancels_stop(self) -> None:
        self.watch.excuse()
        living = [each for each in self.desk.exchange.living() if each.book == "algo" and each.close_position]
        if living:
            self.desk.person_cancels(self.draw.choice(living))

    def person_places_stop(self) -> None:
        self.person_cancels_stop()
        held = self.desk.held()
        if held:
            self.persons += 1
            trigger = self.desk.exchange.price[BTC] + (D(-3) if held > 0 else D(3))
            trigger -= trigger % D("0.5")
            self.desk.person_stop(str(trigger), f"web_s{self.persons}", side="SELL" if held > 0 else "BUY")

    def person_places_far_stop(self) -> None:
        """It stands before a trade does, so far away that it protects nothing that a trade is sized for."""
        symbol = self.draw.choice([BTC, ETH])
        if not self.desk.held(symbol):
            self.persons += 1
            side, trigger = self.draw.choice([("SELL", 40), ("BUY", 400)])
            self.desk.person_stop(trigger, f"{FAR}{self.persons}", side=side, symbol=symbol)

    def person_moves_stop(self) -> None:
        """The trigger changes under the order's own id."""
        stops = [each for each in self.desk.exchange.living() if each.close_position and each.status == "NEW"]
        if stops:
            stop = self.draw.choice(stops)
            away = self.draw.choice([D(2), D(6)])
            trigger = self.desk.exchange.price[stop.symbol] + (-away if stop.side == "SELL" else away)
            moved = msgspec.structs.replace(stop, trigger=trigger - trigger % D("0.5"))
            self.watch.moved(stop.client_id)
            self.desk.driver.happen(lambda: self.desk.exchange._now(moved))

    def person_cancels_another_exit(self) -> None:
        living = [each for each in self.desk.exchange.living() if each.book == "algo" and not each.close_position]
        self.watch.excuse()
        if living:
            self.desk.person_cancels(self.draw.choice(living))

    def person_cancels_entry(self) -> None:
        living = [each for each in self.desk.exchange.living() if each.book == "plain" and each.client_id.startswith("icte")]
        if living:
            self.desk.person_cancels(self.draw.choice(living))

    def person_trades(self) -> None:
        self.watch.others_act()
        self.persons += 1
        signed = self.draw.choice(["0.5", "-0.5", "-2", "1", "-0.1"])
        self.desk.person(signed, symbol=self.draw.choice([BTC, BTC, ETH]), client_id=f"web_{self.persons}")

    def person_adds(self) -> None:
        """To what we hold: it is his, and we must neither sell it nor leave it bare."""
        held = {symbol: self.desk.held(symbol) for symbol in (BTC, ETH) if self.desk.held(symbol)}
        if held:
            self.watch.others_act()
            self.persons += 1
            symbol = self.draw.choice(sorted(held))
            signed = self.draw.choice([D("0.1"), D("0.5"), D(1)]) * (1 if held[symbol] > 0 else -1)
            self.desk.person(str(signed), symbol=symbol, client_id=f"web_{self.persons}")

    def person_closes(self) -> None:
        self.watch.others_act()
        held = self.desk.held()
        if held:
            self.persons += 1
            self.desk.person(str(-held), client_id=f"web_{self.persons}")

    def person_cancels_target(self) -> None:
        living = [each for each in self.desk.exchange.living() if each.type == "TAKE_PROFIT_MARKET"]
        if living:
            self.desk.person_cancels(self.draw.choice(living))

    def guardian_acts(self) -> None:
        self.watch.others_act()
        held = self.desk.held()
        if held:
            self.persons += 1
            self.desk.person(str(-held), client_id=operators("g", str(self.persons)))
