"""The watchman over execution: judges from outside, by what reached the exchange and what it holds there.

It reads the core's state only for what is about the core itself: whether entries are halted, what waits, what is frozen.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from services.execution.settings import ExecutionSettings
from services.execution.state import THAWING
from shared.domain.client_ids import client_order_id
from shared.domain.intents import OrderIntent
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from tests.support.execution.desk import INSTRUMENTS, LINEAGE, Desk
from tests.support.execution.shares import name_of, only_reduces, symbol_and_leg

SETTINGS = ExecutionSettings()
#: Time beyond ``naked_ms`` until the closing has traded, ms.
SLACK_MS = 2_500
#: After something was lost or a person, a refusal or a restart came between: a statement, a question and its answer, ms.
RECOVERY_MS = 16_000  # of queries, too, most may be lost in a row; statements come every 5 s
#: When the exchange is flat and all is quiet, exits of ours are gone after this, ms.
TIDY_MS = 20_000
#: In fair weather it is known after this whose a position is, ms: a statement, and the answer about its executions.
KNOWN_MS = 6_000
#: What price has voided is cancelled after this, ms: it is known at once.
SPENT_MS = 500
#: Client ids of stops that lie so far away that they protect nothing begin so.
FAR = "web_far"
#: Client ids of orders of this deployment begin so.
OURS = f"icte{LINEAGE}-"


class Watch:
    """Collects ``violations``, each beginning with the number of the invariant that it breaks."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.violations: list[str] = []
        self.approved: dict[str, OrderIntent] = {}
        self.blind = False  # neither news nor statements: what happened meanwhile cannot be known
        # Whose a rest is cannot be known when history was lost: then it may be told to be others', frozen and unprotected.
        self.forgetful = False
        self.behind = False  # the end of the log was lost: what a cut that it does not know did, nobody can tell in time
        self.earlier: set[str] = set()  # ids of ours that an earlier process has sent
        self.hedge_is_known = False  # the core was told which position mode the account is in
        self._seen = 0
        self._ids: Counter[str] = Counter()
        self._naked: dict[str, int] = {}
        self._orphaned: dict[str, int] = {}
        self._excused = desk.now
        self._refusals = self._sold = 0
        self._others_at = -RECOVERY_MS
        self._traded = 0
        self._left: dict[str, int] = {}  # entries, and when they left
        self._hidden: dict[str, int] = {}
        self._commanded: dict[str, int] = {}
        self._beyond: dict[str, Decimal] = {}
        self._moved: set[str] = set()
        self._spent: dict[str, int] = {}  # entries that rest, and since when price has voided them
        desk.driver.leaving = self._leaving
        desk.driver.lost = self._lost
        desk.driver.looked = self.look

    def approve(self, *intents: OrderIntent) -> None:
        """Risk approved these."""
        self.approved |= {client_order_id("e", LINEAGE, one.id, "entry"): one for one in intents if one.purpose == "enter"}

    def excuse(self) -> None:
        """Something came between that no execution can help."""
        self._excused = self.desk.now

    def slept(self) -> None:
        """The machine slept: while it did, nothing could be done."""
        self.excuse()
        self._naked.clear()
        self._orphaned.clear()

    def others_act(self) -> None:
        """Somebody else trades: when news are lost, who closed whose part is known too late to tell."""
        self.forgetful = self.forgetful or self.desk.driver.weather.lose_news > 0
        self._others_at = self.desk.now

    def everything_is_to_go(self, *symbols: str) -> None:
        """An operator wants these closed: what others hold there, too, as long as execution is at it."""
        self._commanded |= dict.fromkeys(symbols, self.desk.now)

    def moved(self, client_id: str) -> None:
        """A person moved this stop: where it stands now is his will."""
        self._moved.add(client_id)

    def look(self) -> None:
        """Judge the present moment."""
        exchange, now, weather = self.desk.exchange, self.desk.now, self.desk.driver.weather
        self.blind = not weather.reads and (self.blind or weather.lose_news > 0)
        for _, order, _ in exchange.refused[self._refusals :]:
            if order.protects and exchange.refuse(order):  # by the history's whim, not for what is wrong with the order
                self._lost(order.symbol)
        if not self.desk.driver.weather.fair or len(exchange.refused) != self._refusals:
            self._refusals = len(exchange.refused)
            self.excuse()
        if self.desk.core.state.flattening is not None:
            self.everything_is_to_go(*exchange.price)
        leaving = [plan.symbol for plan in self.desk.core.state.plans.values() if plan.exit_wanted == "command"]
        self.everything_is_to_go(*(symbol for symbol in leaving if self._all_may_go(symbol)))
        self._arrivals()
        self._quantities()
        self._additions()
        self._spent_entries()
        for name in exchange.names():
            held, ours = exchange.position.get(name, Decimal(0)), exchange.ours.get(name, Decimal(0))
            naked = bool(held and ours) and not self._protected(name, held, ours) and not self._thought_foreign(name)
            can = weather.writes and not self.blind  # it can act, and can know
            self._naked[name] = self._naked.get(name, now) if naked and can else now
            believing = SETTINGS.write_off_ms if self.forgetful else 0  # so long until a rest is told to be others'
            quiet = now - self._excused > RECOVERY_MS + believing
            if now - self._naked[name] > SETTINGS.naked_ms + SLACK_MS + (0 if quiet else RECOVERY_MS + believing):
                self._say(f"4 {name}: {ours} of {held} held without a stop since {self._naked[name]}")
            orphans = not held and self._exits_of_ours(name)
            self._orphaned[name] = self._orphaned.get(name, now) if orphans else now
            if now - max(self._orphaned[name], self._excused) > TIDY_MS:
                self._say(f"4 {name}: flat, and exits of ours rest since {self._orphaned[name]}")

    def settled(self) -> None:
        """Judge after a long calm: everything agrees with the exchange."""
        self.look()
        exchange, state = self.desk.exchange, self.desk.core.state
        for order in state.orders.values():
            if order.unsettled:
                self._say(f"7 order {order.client_id} is {order.status} for ever")
        for symbol, freeze in state.frozen.items():
            foreign = any(position.foreign for position in state.positions.values() if position.symbol == symbol)
            if freeze.reason in THAWING and not (freeze.reason == "foreign" and foreign):
                self._say(f"7 {symbol} does not thaw: {freeze.reason} {freeze.text}")
        for name in exchange.names():
            self._compare(name)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _compare(self, name: str) -> None:
        exchange, state, (symbol, leg) = self.desk.exchange, self.desk.core.state, symbol_and_leg(name)
        held, plan = exchange.position.get(name, Decimal(0)), self.desk.plan(symbol, leg)
        net = plan.sign * plan.net(state.orders) if plan is not None else Decimal(0)
        foreign = state.leg(symbol, leg).foreign
        if net + foreign != held:
            self._say(f"7 {name}: {held} at the exchange, {net} ours and {foreign} of others in our books")
        if not held and self._exits_of_ours(name):
            self._say(f"4 {name}: flat in a long calm, and exits of ours rest")
        if plan is not None and net and plan.state != "open":
            self._say(f"4 {name}: trade {plan.id} is {plan.state} in a long calm, holding {net}")
        ours = exchange.ours.get(name, Decimal(0))
        if held and ours and not self._protected(name, held, ours) and not self._thought_foreign(name):
            self._say(f"4 {name}: {ours} held without a stop in a long calm")

    def _exits_of_ours(self, name: str) -> list[ExchangeOrder]:
        living = [each for each in self._living(name) if each.client_id.startswith(OURS)]
        return [each for each in living if each.close_position or only_reduces(each)]

    def _living(self, name: str) -> list[ExchangeOrder]:
        return [each for each in self.desk.exchange.living(symbol_and_leg(name)[0]) if name_of(each) == name]

    def _thought_foreign(self, name: str) -> bool:
        return self.forgetful and self.desk.core.state.leg(*symbol_and_leg(name)).foreign != 0

    def _protected(self, name: str, held: Decimal, ours: Decimal) -> bool:
        side = "SELL" if held > 0 else "BUY"
        stops = [each for each in self._living(name) if each.type == "STOP_MARKET" and each.side == side]
        whole = [each for each in stops if each.close_position]
        if any(not each.client_id.startswith(FAR) or each.client_id in self._moved for each in whole):
            return True
        return sum((each.quantity for each in stops), Decimal(0)) >= abs(ours)

    def _additions(self) -> None:
        """What others hold beside us is not ours to sell, once it can be known whose it is."""
        sold, weather = self.desk.exchange.sold_of_others, self.desk.driver.weather
        late = weather.slow_news + weather.lag if weather.slow_news else 0  # what others did just now is not known yet
        known = not self.forgetful and weather.fair
        known = known and self.desk.now - self._excused > KNOWN_MS and self.desk.now - self._others_at > late
        for symbol, client_id, quantity in sold[self._sold :]:
            # An entry that was on its way when they traded could not know of it.
            left = self._left.get(client_id, self._others_at + 1)
            on_its_way = left <= self._others_at and self.desk.now - self._others_at <= KNOWN_MS
            if known and not on_its_way and not self._all_may_go(symbol):
                self._say(f"7 {symbol}: {client_id} sold {quantity} that others hold")
        self._sold = len(sold)

    def _spent_entries(self) -> None:
        """What price has voided rests no longer, where nothing disturbs."""
        exchange, now = self.desk.exchange, self.desk.now
        quiet = now - self._excused > RECOVERY_MS
        for order in exchange.living():
            intent = self.approved.get(order.client_id)
            if intent is None or not intent.void_at:
                continue
            sign = 1 if intent.side == "BUY" else -1
            proven = exchange.price[order.symbol] - sign * exchange.spread / 2  # bid of a buy, ask of a sell
            if sign * (proven - intent.void_at) >= 0:
                self._spent.setdefault(order.client_id, now)
            if quiet and now - self._spent.get(order.client_id, now) > SPENT_MS:
                self._say(f"5 {order.client_id} rests although price has voided it at {intent.void_at}")

    def _arrivals(self) -> None:
        for order in self.desk.exchange.arrived[self._seen :]:
            if not order.client_id.startswith(OURS):
                continue
            self._ids[order.client_id] += 1
            if self._ids[order.client_id] > 1:
                self._say(f"3 {order.client_id} reached the exchange twice")
            if order.client_id in self.earlier:
                continue
            if order.position_side != "BOTH" and not self._was_ours(order) and not self._all_may_go(order.symbol):
                self._say(f"7 {order.client_id}: an order for the leg {name_of(order)}, in which ours never traded")
            if not order.protects:
                approved = self.approved.get(order.client_id)
                if approved is None or order.quantity != approved.quantity or order.side != approved.side:
                    self._say(f"5 {order.client_id}: an entry of {order.quantity} that nobody approved")
                if order.position_side != "BOTH":
                    self._say(f"5 {order.client_id}: an entry in the leg {order.position_side} of hedge mode")
        self._seen = len(self.desk.exchange.arrived)

    def _was_ours(self, order: NewOrder) -> bool:
        """An order of ours traded in its leg."""
        exchange = self.desk.exchange
        traded = (exchange.orders[each.order_id] for each in exchange.trades if each.symbol == order.symbol)
        return any(name_of(each) == name_of(order) and each.client_id.startswith(OURS) for each in traded)

    def _quantities(self) -> None:
        """A cut takes what the trade wants taken off, a close what is ours; nothing more, where that could be known."""
        exchange, state = self.desk.exchange, self.desk.core.state
        self._hide()
        surprised = self.desk.now - self._others_at <= RECOVERY_MS  # the news of it may be on their way
        known = not (self.forgetful or self.behind or surprised)
        for name, beyond in exchange.beyond.items():
            symbol = symbol_and_leg(name)[0]
            hidden = self.desk.now - self._hidden.get(symbol, -RECOVERY_MS) <= RECOVERY_MS
            judged = known and not hidden and not self._all_may_go(symbol)
            if judged and beyond - self._beyond.get(name, Decimal(0)) > INSTRUMENTS[symbol].step_size:
                self._say(f"3 {name}: closes of ours took {beyond} of what others hold")
            self._beyond[name] = beyond
        for plan in state.plans.values():
            if self.behind or not plan.cut or plan.exit_wanted or plan.state not in ("protecting", "open"):
                continue
            mine = set(plan.orders.get("close", ()))
            taken = sum((each.executed for each in exchange.orders.values() if each.client_id in mine), Decimal(0))
            if taken > plan.cut + INSTRUMENTS[plan.symbol].step_size:
                self._say(f"3 {plan.symbol}: {taken} of trade {plan.id} was taken off, {plan.cut} was to be")

    def _hide(self) -> None:
        """A stop that trades while news are lost: its fill is nobody's until the conditional book says what became of it."""
        exchange, weather, now = self.desk.exchange, self.desk.driver.weather, self.desk.now
        if weather.lose_news:
            children = [each for each in exchange.trades[self._traded :] if exchange.orders[each.order_id].original_type]
            self._hidden |= dict.fromkeys((each.symbol for each in children), now)
        if not weather.conditional:
            recent = [symbol for symbol, at in self._hidden.items() if now - at <= RECOVERY_MS]
            self._hidden |= dict.fromkeys(recent, now)
        self._traded = len(exchange.trades)

    def _all_may_go(self, symbol: str) -> bool:
        return self.desk.now - self._commanded.get(symbol, -RECOVERY_MS) < RECOVERY_MS

    def _lost(self, symbol: str) -> None:
        """What would have protected never arrived: the next attempt is judged, not the luck of this one."""
        self._naked[symbol] = self.desk.now

    def _leaving(self, order: NewOrder, now: int) -> None:
        state, approved = self.desk.core.state, self.approved.get(order.client_id)
        self._left[order.client_id] = now
        if state.halted is not None or order.symbol in state.frozen:
            self._say(f"5 {order.client_id} leaves while entries are halted or frozen")
        if self.hedge_is_known and self.desk.exchange.hedge:
            self._say(f"5 {order.client_id} leaves although the account is in hedge mode")
        if approved is not None and now > approved.valid_until:
            self._say(f"5 {order.client_id} leaves {now - approved.valid_until} ms too late")

    def _say(self, violation: str) -> None:
        if violation not in self.violations:
            self.violations.append(violation)
