"""Decides what is due for a leg: a stop first, and a close only where the exchange lets nobody place one. Pure."""

from __future__ import annotations

from typing import Literal

from services.guardian.life import TRANSITIONS, UNPROTECTED, LegEvent
from services.guardian.messages import Alarm, Cancel, Close, LegKey, Place, Request
from services.guardian.orders import Orders
from services.guardian.settings import GuardianSettings
from services.guardian.state import GuardianState, Leg
from services.guardian.stops import exit_side, on_leg, protects, uncovered
from shared.domain.transitions import next_state
from shared.exchange.model.orders import ExchangeOrder

#: Where news of a leg comes from: a reading of its orders; an event or an answer about them; news of the position alone.
Evidence = Literal["reading", "event", "position"]


def move(leg: Leg, event: LegEvent) -> None:
    """Change the state of a leg by the table. Raises IllegalTransition."""
    leg.state = next_state(TRANSITIONS, f"leg {leg.key}", leg.state, event)


class Deciding:
    """Judges legs and says what is due for them."""

    def __init__(self, state: GuardianState, settings: GuardianSettings, orders: Orders) -> None:
        self._state = state
        self._settings = settings
        self._orders = orders

    def judge(self, leg: Leg, at: int, evidence: Evidence) -> None:
        """Judge whether a stop covers the leg, after news of it from ``at``."""
        if not uncovered(self._state.standing(leg.key.symbol), leg):
            self.covered(leg, at, evidence)
        elif leg.state == "unseen":
            if self._state.looked.get(leg.key.symbol, -1) >= leg.opened_at:
                leg.bare_since = leg.opened_at
                move(leg, "missing")
        elif leg.state == "covered" or (leg.state == "proved" and evidence == "event"):
            # A reading says only that it is gone: it may have been since the reading before.
            leg.bare_since = leg.covered_at if evidence == "reading" else at
            move(leg, "missing")
        if evidence != "position":
            self._judge_others(leg, at)

    def covered(self, leg: Leg, at: int, evidence: Evidence) -> None:
        """A stop that covers the leg stands."""
        if evidence != "position" or not leg.covered_at:
            leg.covered_at = max(leg.covered_at, at)
        if leg.state != "covered" and not leg.pending:
            move(leg, "seen")
            leg.incident_over()

    def due(self, leg: Leg, now: int) -> list[Request]:
        """Return what is to be done for the leg now."""
        if leg.state == "covered" or leg.pending or now < self.due_at(leg):
            return []
        if leg.state == "closing":
            move(leg, "due")
            return self._close(leg, now)
        return self._place(leg, now) if leg.mark else []  # else the next reading says what it is worth

    def due_at(self, leg: Leg) -> int:
        """Return when something is to be done for a leg that is not covered, ms."""
        act_after = self._settings.act_after_ms
        match leg.state:
            case "unseen":
                return leg.opened_at + act_after
            case "bare":
                return leg.bare_since + act_after
            case "proved":
                return leg.covered_at + act_after
            case _:
                return leg.retry_at

    def unprotected_ms(self, leg: Leg, now: int) -> int:
        """Return for how long nothing has been known to protect the leg, ms."""
        return max(0, now - leg.bare_since) if leg.state in UNPROTECTED and leg.bare_since else 0

    def surplus(self, now: int) -> list[Request]:
        """Return the cancels of the guardian's own stops that nothing needs: of flat legs, and beside stops of others."""
        requests: list[Request] = []
        for known in self._state.own():
            order = known.order
            if now >= self._state.cancels.get(order.client_id, 0) and self._needless(order, known.since, now):
                self._state.cancels[order.client_id] = now + self._settings.retry_longest_ms
                requests.append(Cancel(order.ref))
        return requests

    # -- inside -------------------------------------------------------------------------------------------------------

    def _judge_others(self, leg: Leg, at: int) -> None:
        known = self._state.orders.get(leg.key.symbol, {}).values()
        if uncovered([each.order for each in known if each.shown and not each.own], leg):
            leg.others_since = leg.others_at = 0
        else:
            leg.others_since = leg.others_since or at
            leg.others_at = max(leg.others_at, at)

    def _place(self, leg: Leg, now: int) -> list[Request]:
        leg.bare_since = leg.bare_since or leg.covered_at or leg.opened_at
        move(leg, "due")
        requests: list[Request] = []
        if "bare" not in leg.told:
            leg.told.add("bare")
            text = f"{leg.key} has shown no stop for {max(0, now - leg.bare_since) / 1000:.1f} s: the guardian places one"
            requests = [Alarm(severity="warning", key=f"guardian.bare.{leg.key}.{leg.bare_since}", text=text)]
        if leg.unsure is not None and leg.unsure.client_id in self._state.gone:
            leg.unsure = None  # it stood, and is over: under the same id it would be taken for that one
        order = leg.unsure or self._orders.stop(leg)
        leg.pending.add(order.client_id)
        return [*requests, Place(leg.key, order)]

    def _close(self, leg: Leg, now: int) -> list[Request]:
        leg.retry_at = now + self._settings.act_after_ms
        orders = self._orders.closes(leg)
        leg.pending |= {order.client_id for order in orders}
        return [Close(leg.key, order) for order in orders]

    def _needless(self, order: ExchangeOrder, since: int, now: int) -> bool:
        lag = self._settings.lag_ms
        key = LegKey(order.symbol, order.position_side)
        leg = self._state.legs.get(key)
        if leg is None:
            at, told = self._state.flat.get(key, (now, False))
            began = max(at, since)
            return now >= began + self._settings.act_after_ms if told else self._state.positions_at >= began + lag
        if order.side != exit_side(leg.quantity):
            return now > leg.opened_at + lag
        if leg.others_since and leg.others_at - max(leg.others_since, since) >= lag:
            return True
        own = [each.order for each in self._state.own() if each.order.symbol == order.symbol]
        whole = any(each.close_position and protects(each, leg) for each in own)
        return whole and not order.close_position and on_leg(order, leg) and now > since + lag
