"""What execution knows: one struct, so that a restart forgets nothing (EXEC-2)."""

from __future__ import annotations

from typing import Literal

import msgspec

from services.execution.trade import LiveTrade
from shared.domain.account import AccountState, Trade
from shared.domain.exchange import ExchangeRequest
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure


class Cause(msgspec.Struct, frozen=True):
    """What set requests in motion, and so which report waits for their answers."""

    kind: Literal["verdict", "step"]
    time: int


class Outstanding(msgspec.Struct, kw_only=True):
    """Requests without an answer. ``since``: the first clock tick that met them, ms, or -1; ``queries``: asked so often."""

    cause: Cause
    time: int
    requests: tuple[ExchangeRequest, ...]
    since: int = -1
    queries: int = 0


class StepDue(msgspec.Struct, kw_only=True):
    """A StepReport that waits; ``placed``: client ids of the orders placed for this close, in order."""

    close_time: int
    placed: list[str] = msgspec.field(default_factory=list)


class ExecutionState(msgspec.Struct, kw_only=True):
    """Live trades by symbol (one a symbol: its exits close the whole position), requests by id, reports that are due.

    ``queries``: query id → the request that it asks about. ``intents``, ``gone``, ``foreign``, ``controls``: ids remembered,
    oldest first. ``frozen``: symbol → why no intent is taken for it until re-armed by hand. ``instruments`` and
    ``closures``: as the exchange told them last; nothing before that.
    """

    account: AccountState | None = None
    decided_until: int = -1
    stepped_until: int = -1
    ticked_until: int = -1
    halted: bool = False
    frozen: dict[str, str] = msgspec.field(default_factory=dict)
    trades: dict[str, LiveTrade] = msgspec.field(default_factory=dict)
    requests: dict[str, Outstanding] = msgspec.field(default_factory=dict)
    queries: dict[str, str] = msgspec.field(default_factory=dict)
    steps_due: list[StepDue] = msgspec.field(default_factory=list)
    accounts_due: list[int] = msgspec.field(default_factory=list)
    closed: list[Trade] = msgspec.field(default_factory=list)
    intents: dict[str, None] = msgspec.field(default_factory=dict)
    gone: dict[str, None] = msgspec.field(default_factory=dict)
    foreign: dict[str, None] = msgspec.field(default_factory=dict)
    controls: dict[str, None] = msgspec.field(default_factory=dict)
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    closures: tuple[Closure, ...] = ()

    def waits_for(self, cause: Cause) -> bool:
        """Some request that this cause set in motion has no answer yet."""
        return any(request.cause == cause for request in self.requests.values())


def remember(window: dict[str, None], identity: str, limit: int) -> bool:
    """Add an id to a bounded memory, which forgets the oldest; False when it was there."""
    if identity in window:
        return False
    window[identity] = None
    while len(window) > limit:
        del window[next(iter(window))]
    return True
