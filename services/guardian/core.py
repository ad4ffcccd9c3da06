"""The guardian's core: what it is told and the time in, what it wants done out. No clock, no I/O.

It watches positions and conditional orders of an account by a key, a stream and a clock of its own. A position that shows no
stop for ``act_after_ms`` gets one; nothing is closed that the exchange lets it protect.
"""

from __future__ import annotations

from typing import Final

from services.guardian.allowance import Allowance
from services.guardian.answering import Answering
from services.guardian.deciding import Deciding
from services.guardian.messages import (
    Alarm,
    Answer,
    Book,
    Filters,
    Heard,
    Input,
    LegKey,
    Place,
    Positions,
    ReadBook,
    ReadPositions,
    Request,
    Unread,
)
from services.guardian.orders import Orders
from services.guardian.settings import GuardianSettings
from services.guardian.state import GuardianState
from services.guardian.watching import Watching
from shared.exchange.model.user_events import AccountUpdate

#: Time without a reading of the positions after which people hear of it, ms.
_BLIND_MS: Final = 15_000
#: Time after which a reading that was asked for, and never came, is asked for again, ms.
_LOST_MS: Final = 10_000
#: The same of the books of all symbols, which weigh 40: they are read once, for what an earlier life left, and only while
#: readings are answered.
_ALL_AGAIN_MS: Final = 30_000
#: The same after a reading of them that failed: it is not to be taken for one that is under way.
_ALL_SOON_MS: Final = 5_000
_FRESH_MS: Final = 3_000
#: What it may weigh to place a stop once more where one is proved to stand.
_PROOF: Final = ReadBook("")


class GuardianCore:
    """Guards one account. lineage: of this deployment; life: a number that no other run of it has; both are in its ids."""

    def __init__(self, settings: GuardianSettings, lineage: str, life: int) -> None:
        self.state = GuardianState()
        self._settings = settings
        self._allowance = Allowance(settings.weight_per_minute, settings.read_every_ms)
        self._watching = Watching(self.state, settings, lineage)
        self._deciding = Deciding(self.state, settings, Orders(self.state, settings, lineage, life))
        self._answering = Answering(self.state, settings, self._watching, self._deciding)
        self._began = 0
        self._round_at = 0
        self._all_due = 0
        self._blind_since = 0

    def handle(self, taken: Input, now: int) -> list[Request]:
        """Take one input at ``now`` (ms of the exchange's clock, never backwards), and return what is to be done."""
        if not self._began:
            self._began = now
            # Not at once: a reading that lags would not show what an earlier life placed a moment ago.
            self._all_due = now + self._settings.lag_ms
        requests = self._take(taken, now)
        for leg in list(self.state.legs.values()):
            if leg.state != "proved" or self._allowance.allows(_PROOF, now, urgent=True):
                requests += self._deciding.due(leg, now)
        requests += self._deciding.surplus(now)
        requests += self._reads(now)
        requests += self._sight(now)
        for request in requests:
            if not isinstance(request, Place):
                self._allowance.spend(request, now)
        return requests

    def unprotected(self, now: int) -> dict[LegKey, int]:
        """Return for how long nothing has been known to protect each leg, ms; 0 = it is protected."""
        return {key: self._deciding.unprotected_ms(leg, now) for key, leg in self.state.legs.items()}

    # -- inside -------------------------------------------------------------------------------------------------------

    def _take(self, taken: Input, now: int) -> list[Request]:
        match taken:
            case Positions():
                self._watching.positions(taken, now)
                self._judge_positions()
            case Book(symbol=symbol, asked_at=asked_at):
                self._watching.book(taken)
                for leg in self.state.legs.values():
                    if symbol in (None, leg.key.symbol):
                        self._deciding.judge(leg, asked_at, "reading")
            case Heard(event=event):
                self._watching.heard(event, now)
                if isinstance(event, AccountUpdate):
                    self._judge_positions()
                else:
                    for leg in self.state.legs.values():
                        if leg.key.symbol == getattr(getattr(event, "order", None), "symbol", ""):
                            self._deciding.judge(leg, min(event.time, now), "event")
            case Filters(symbols=symbols):
                self.state.filters.update(symbols)
            case Answer(request=Place() as request, result="proved"):
                self._allowance.spend(request, now)  # the adapter has looked which one stands
                return self._answering.answered(taken, now)
            case Answer():
                return self._answering.answered(taken, now)
            case Unread(request=ReadBook(symbol=symbol)):
                if symbol is not None:
                    self.state.asked.pop(symbol, None)
                else:
                    self._all_due = now + _ALL_SOON_MS
        return []

    def _judge_positions(self) -> None:
        for leg in self.state.legs.values():
            self._deciding.judge(leg, leg.changed_at, "position")

    def _reads(self, now: int) -> list[Request]:
        """Ask for positions once a round, then for the books asked for longest ago, as far as the weight allows."""
        state = self.state
        requests: list[Request] = []
        sees = now - state.positions_at <= _FRESH_MS
        if not state.all_read and sees and now >= self._all_due and self._allowance.allows(ReadBook(None), now, urgent=True):
            self._all_due = now + _ALL_AGAIN_MS
            requests.append(ReadBook(None))
        for leg in state.legs.values():
            if leg.state == "unseen" and state.asked.get(leg.key.symbol, -1) < leg.opened_at:
                requests += self._look(leg.key.symbol, now, urgent=True)
        if now - self._round_at < self._settings.read_every_ms:
            return requests
        self._round_at = now
        if self._allowance.positions(now):
            requests.append(ReadPositions())
        held = sorted({key.symbol for key in state.legs}, key=lambda symbol: (state.asked.get(symbol, 0), symbol))
        for symbol in held[: self._allowance.looks(now)]:
            requests += self._look(symbol, now)
        return requests

    def _look(self, symbol: str, now: int, *, urgent: bool = False) -> list[Request]:
        asked = self.state.asked.get(symbol, 0)
        under_way = self.state.looked.get(symbol, 0) < asked and now - asked < _LOST_MS
        look = ReadBook(symbol)
        if asked == now or (urgent and not self._allowance.allows(look, now, urgent=True)):
            return []
        if under_way and not urgent:
            return []
        self.state.asked[symbol] = now
        return [look]

    def _sight(self, now: int) -> list[Request]:
        """Tell people when the positions cannot be read, once, and when they can be again."""
        last = max(self.state.positions_at, self._began)
        if now - last <= _BLIND_MS:
            if self._blind_since:
                key, self._blind_since = f"guardian.sees.{self._blind_since}", 0
                return [Alarm(severity="info", key=key, text="the guardian reads the positions again")]
            return []
        if self._blind_since:
            return []
        self._blind_since = last
        text = f"the guardian cannot read the positions since {(now - last) / 1000:.0f} s: look whether stops stand"
        return [Alarm(severity="critical", key=f"guardian.blind.{last}", text=text)]
