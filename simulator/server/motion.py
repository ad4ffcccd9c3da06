"""Advances the simulated market's time: at a multiple of real time, as fast as clients read, or only on command.

Also runs the steps of a scenario and ends faults when the market's clock reaches their time.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final

from simulator.core.interventions import delist
from simulator.server.account_faults import act
from simulator.server.clock import clock_ms
from simulator.server.fault_kinds import VOCABULARY
from simulator.server.fault_table import FaultTable, SetFault
from simulator.server.faults import BadFault, Fault
from simulator.server.printing.user_events import listen_key_expired
from simulator.server.rest.context import Context
from simulator.server.scenario import BadScenario, Scenario
from simulator.server.settings import ServerSettings
from simulator.server.sockets import Sockets
from simulator.server.standing_faults import StandingFaults

_HUNDRED: Final = Decimal(100)
#: Speed 0: the market's time stands still until ``advance`` is called.
LOCK_STEP: Final = 0.0


class Motion:
    """Drives the market's clock and sends the messages that its events cause.

    speed: market seconds per real second; None = as fast as clients read; 0 = time moves only by ``advance``.
    """

    def __init__(
        self,
        context: Context,
        faults: FaultTable,
        sockets: Sockets,
        settings: ServerSettings,
        scenario: Scenario,
        speed: float | None,
    ) -> None:
        self._context = context
        self._faults = faults
        self._sockets = sockets
        self._settings = settings
        self._steps = scenario.in_order()
        self._standing = StandingFaults(context)
        #: Steps of the scenario that the exchange refused when their time came, with the reason.
        self.refused: list[str] = []
        self._check_steps()
        self.speed: float | None = LOCK_STEP
        self._anchor = (0.0, 0)
        self.set_speed(speed)
        self._run_due_steps()

    def set_speed(self, speed: float | None) -> None:
        """Change the speed from now on (see the class). Timestamps are checked as the setting ``strict_time`` says."""
        self.speed = speed
        self._anchor = (asyncio.get_running_loop().time(), self._context.session.time)
        self._context.pace = speed or 1.0
        wanted = self._settings.strict_time
        self._context.strict_time = wanted == "always" or (wanted == "auto" and speed == 1.0)

    async def run(self) -> None:
        """Advance the market until cancelled; expire listen keys by the wall clock on the way."""
        pause = self._settings.tick_ms / 1000
        while True:
            if self.speed is None:
                self.advance(self._context.session.time + self._settings.chunk_ms)
                await self._sockets.drained()
                await asyncio.sleep(0)
            elif self.speed and self._behind() > self._settings.chunk_ms:
                self.catch_up()
                await asyncio.sleep(0)  # at a set speed the market waits for no client, as the exchange does not
            else:
                self.catch_up()
                await asyncio.sleep(pause)
            self._expire_keys()

    def catch_up(self) -> None:
        """Advance the market to where the speed says it should be, by at most ``chunk_ms`` of its time."""
        if self.speed:
            now = self._context.session.time
            self.advance(now + min(self._behind(), self._settings.chunk_ms))

    def advance(self, to: int) -> None:
        """Advance the market to ``to`` (its clock, ms) and send its messages.

        Stops at each scenario step and at each fault's end on the way and carries it out.
        """
        session = self._context.session
        while session.time < to:
            session.advance(min(to, *self._stops(to)))
            self._run_due_steps()
            self.flush()

    def flush(self) -> None:
        """Send the session's queued messages to their subscribers."""
        self._sockets.deliver(self._context.session.take_outbox())

    def set_fault(self, fault: Fault) -> SetFault:
        """Put a fault into force; what it does at this moment is done here.

        Raises BadFault for a symbol that is not traded here, and for what the exchange refuses; nothing is set then.
        """
        self._check(fault)
        acts = VOCABULARY[fault.kind].acts
        hits = self._once(fault) if acts == "once" else int(acts == "lasting")
        made = self._faults.add(fault, self._context.session.time)
        made.hits = hits
        ledger, now = self._context.session.ledger, self._context.session.time
        if ledger is not None:
            ledger.fault_set(made.id, fault.model_dump(mode="json", exclude_defaults=True) | {"kind": fault.kind}, now)
        if acts == "once":
            self._faults.lift(made.id)
        else:
            self._begin(fault)
        self.flush()
        return made

    def _once(self, fault: Fault) -> int:
        """Do what a fault does that ends at once; return how often it applied. Raises BadFault."""
        match fault.kind:
            case "disconnect":
                return self._sockets.disconnect(fault.stream)
            case "expire_listen_key":
                return self._expire_keys(all_of_them=True)
            case _:
                return act(self._context, fault, self._faults.made + 1)

    def _begin(self, fault: Fault) -> None:
        session = self._context.session
        if fault.kind == "price_spike":
            session.multiply_price(fault.symbol, _factor(fault))
        elif fault.kind == "delisted":
            delist(session.core, fault.symbol, session.time)
            session.publish()
        self._standing.apply()

    def _check_steps(self) -> None:
        """Raise BadScenario for a step whose symbol is not traded here: the market would stop at it."""
        market = self._context.session.market
        for step in self._steps:
            if step.fault is not None:
                try:
                    self._check(step.fault)
                except BadFault as error:
                    raise BadScenario(f"the step at {step.at_s:g} s: {error}") from error
            elif step.price is not None and step.price.symbol not in market:
                known = ", ".join(market.symbols)
                raise BadScenario(
                    f"the step at {step.at_s:g} s: price: {step.price.symbol} is not traded here; it is one of {known}"
                )

    def _check(self, fault: Fault) -> None:
        market = self._context.session.market
        if "symbol" in VOCABULARY[fault.kind].required and fault.symbol not in market:
            raise BadFault(
                f"{fault.kind}: symbol = {fault.symbol!r} is not traded here; it is one of {', '.join(market.symbols)}"
            )

    def lift_fault(self, fault_id: int) -> SetFault | None:
        """End a fault and undo what it changed; None if no fault in force has this id."""
        lifted = self._faults.lift(fault_id)
        if lifted is not None:
            self._undo(lifted)
        return lifted

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Set the best bid to ``price`` (USDT) and send the messages: see ``MarketSession.set_price``."""
        self._context.session.set_price(symbol, price)
        self.flush()

    def _behind(self) -> int:
        began, market = self._anchor
        elapsed = asyncio.get_running_loop().time() - began
        return int(market + elapsed * 1000 * (self.speed or 0.0)) - self._context.session.time

    def _stops(self, to: int) -> tuple[int, ...]:
        ends = self._faults.ends_next()
        step = self._step_time()
        now = self._context.session.time
        return tuple(each for each in (ends, step) if each is not None and now < each < to) or (to,)

    def _step_time(self) -> int | None:
        return self._context.session.market.start + round(self._steps[0].at_s * 1000) if self._steps else None

    def _run_due_steps(self) -> None:
        now = self._context.session.time
        for lifted in self._faults.expired(now):
            self._undo(lifted)
        while (at := self._step_time()) is not None and at <= now:
            step = self._steps.pop(0)
            if step.fault is not None:
                try:
                    self.set_fault(step.fault)
                except BadFault as error:  # the market goes on; the pages under /sim/state say what did not happen
                    self.refused.append(f"the step at {step.at_s:g} s: {error}")
            elif step.price is not None:
                self.set_price(step.price.symbol, step.price.price)

    def _undo(self, lifted: SetFault) -> None:
        fault = lifted.fault
        self._standing.apply()
        if fault.kind == "price_spike":
            self._context.session.multiply_price(fault.symbol, 1 / _factor(fault))
            self.flush()

    def _expire_keys(self, *, all_of_them: bool = False) -> int:
        now = clock_ms()
        dead = self._context.listen_keys.expire(now, all_of_them=all_of_them)
        self._sockets.tell_keys(dead, partial(listen_key_expired, now=self._context.server_time))
        return len(dead)


def _factor(fault: Fault) -> Fraction:
    return Fraction(1 + Decimal(repr(fault.percent)) / _HUNDRED)
