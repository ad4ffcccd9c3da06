"""Takes what became of the guardian's requests: protected, proved to be, or not yet. Pure."""

from __future__ import annotations

from typing import Final

from services.guardian.deciding import Deciding, move
from services.guardian.messages import Alarm, Answer, Cancel, Close, HaltEntries, Place, Request
from services.guardian.orders import standing
from services.guardian.settings import GuardianSettings
from services.guardian.state import GuardianState, Leg
from services.guardian.stops import on_leg, protects, uncovered
from services.guardian.watching import Watching
from shared.exchange.model.orders import ExchangeOrder, NewOrder

_STEPS: Final = 8
#: Stops that must have been refused before a position is closed.
_TRIES: Final = 2
_MAX_DOUBLINGS: Final = 10


class Answering:
    """Takes answers for one account."""

    def __init__(self, state: GuardianState, settings: GuardianSettings, watching: Watching, deciding: Deciding) -> None:
        self._state = state
        self._settings = settings
        self._watching = watching
        self._deciding = deciding

    def answered(self, answer: Answer, now: int) -> list[Request]:
        """Take what became of a request, and return what follows at once."""
        request = answer.request
        if isinstance(request, Cancel):
            self._cancelled(request, answer, now)
            return []
        if isinstance(request, Place) and answer.result == "accepted":
            self._watching.stands(standing(request.order), now)
        elif isinstance(request, Place) and answer.result == "unknown":
            self._watching.stands(standing(request.order), now, shown=False)
        leg = self._state.legs.get(request.leg)
        if leg is None or request.order.client_id not in leg.pending:
            return []
        leg.pending.discard(request.order.client_id)
        if isinstance(request, Close):
            return self._closed(leg, answer, now)
        requests = self._placed(leg, request.order, answer, now)
        if leg.state != "covered" and not uncovered(self._state.standing(leg.key.symbol), leg):
            self._deciding.covered(leg, now, "event")
        return requests

    def _placed(self, leg: Leg, order: NewOrder, answer: Answer, now: int) -> list[Request]:
        leg.unsure = order if answer.result == "unknown" else None
        if answer.result == "proved":
            return self._proved(leg, answer.standing, now)
        if answer.result != "accepted":
            return self._refused(leg, answer, now)
        if uncovered(self._state.standing(leg.key.symbol), leg):  # a part of it, or the position has grown since
            move(leg, "missing")
            leg.bare_since = min(leg.bare_since, now - self._settings.act_after_ms)
            return []
        seconds = self._deciding.unprotected_ms(leg, now) / 1000
        move(leg, "accepted")
        leg.incident_over()
        leg.covered_at = now
        why = f"the guardian placed a stop for {leg.key} at {order.trigger:f}: none stood for {seconds:.1f} s"
        return [Alarm(severity="critical", key=f"guardian.placed.{leg.key}.{now}", text=why), HaltEntries(why)]

    def _proved(self, leg: Leg, shown: ExchangeOrder | None, now: int) -> list[Request]:
        """The exchange says that a stop stands. One that it shows, and that is of no use, is no protection."""
        if shown is not None:
            self._watching.stands(shown, now)
            if on_leg(shown, leg) and not protects(shown, leg):
                leg.by_quantity = True
                leg.retry_at = now
                move(leg, "refused")
                return []
        move(leg, "proved")
        leg.tried_in_vain(now)
        if "proved" in leg.told:
            return []
        leg.told.add("proved")
        text = f"{leg.key}: the exchange says that a stop stands (-4130), its readings lag"
        return [Alarm(severity="info", key=f"guardian.proved.{leg.key}.{now}", text=text)]

    def _refused(self, leg: Leg, answer: Answer, now: int) -> list[Request]:
        move(leg, "refused")
        pause = self._settings.retry_first_ms * 2 ** min(leg.attempts, _MAX_DOUBLINGS)
        leg.attempts += 1
        leg.retry_at = now + min(pause, self._settings.retry_longest_ms)
        if answer.result == "beyond":
            leg.closer = min(leg.closer + 1, _STEPS)
        if answer.result in ("refused", "beyond"):
            leg.refusals += 1
            leg.refused_at = leg.refused_at or now
            looked = self._state.looked.get(leg.key.symbol, 0)
            if leg.refusals >= _TRIES and looked >= leg.refused_at + self._settings.lag_ms:
                # For longer than readings may lag, none has shown a stop, and no refusal has said that one stands (-4130).
                move(leg, "gave_up")
                leg.retry_at = now
        if "refused" in leg.told:
            return []
        leg.told.add("refused")
        text = f"{leg.key} has no stop, and the exchange took none from the guardian ({answer.text}); it goes on trying"
        return [Alarm(severity="critical", key=f"guardian.refused.{leg.key}.{leg.bare_since}", text=text)]

    def _closed(self, leg: Leg, answer: Answer, now: int) -> list[Request]:
        if answer.result not in ("accepted", "unknown"):
            if leg.state == "closing":  # a stop is tried again first
                move(leg, "refused")
                leg.refusals = leg.refused_at = 0
                leg.retry_at = now
            return []
        leg.retry_at = now + self._settings.act_after_ms
        if "closed" in leg.told:
            return []
        leg.told.add("closed")
        why = f"the guardian closes {leg.key} at the market: the exchange would take no stop"
        return [Alarm(severity="critical", key=f"guardian.closed.{leg.key}.{now}", text=why), HaltEntries(why)]

    def _cancelled(self, request: Cancel, answer: Answer, now: int) -> None:
        if answer.result in ("accepted", "gone"):
            self._state.cancels.pop(request.ref.client_id, None)
            self._state.end(request.ref.symbol, request.ref.client_id, now)
            for leg in self._state.legs.values():
                if leg.key.symbol == request.ref.symbol:
                    self._deciding.judge(leg, now, "event")
