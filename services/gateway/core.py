"""The gateway's decisions: what to send, what to ask, what to tell (EXEC-2, EXEC-4). Pure: the shell does the calls.

Every client id is sent at most once. An id that was sent and not answered is asked for; one that never arrived may be sent
again. News leave when the fills that were heard explain the positions that were stated: the venue tells the two in separate
events, and a reader who saw only one of them would think that somebody else had traded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Literal

import msgspec

from services.gateway import books, ours
from services.gateway.acts import Act
from services.gateway.fees import FeePrices
from services.gateway.settings import GatewaySettings
from services.gateway.state import GatewayState, Halt, bounded
from services.gateway.words import DEAD, from_trade, from_venue, moved
from shared.domain.account import AccountState
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequest, ExchangeRequests
from shared.exchange.model.account import Balance, Income, PositionRisk
from shared.exchange.model.orders import CONDITIONAL, AccountTrade, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, Executed, OrderUpdate, UserEvent

Due = Literal["nothing", "publish", "refresh"]

#: Executions are asked for from a little before the last agreement on, never from before the first: our reading of the
#: venue's clock may be fast.
_OVERLAP_MS: Final = 5_000


class GatewayCore:
    """See the module. ``recv_window_ms``: what the adapter signs with. Times are ms of the venue's clock."""

    def __init__(self, settings: GatewaySettings, recv_window_ms: int) -> None:
        self._settings = settings
        self._recv_window_ms = recv_window_ms
        self.state = GatewayState()
        self.fees = FeePrices()
        self._announced: dict[str, None] = {}
        self._apart: dict[str, tuple[Decimal, ...]] = {}
        self._funding_wanted = False
        self._held_since = 0
        self._dirty = False
        self._refresh_wanted = False
        self._stated_at = 0

    def snapshot(self) -> bytes:
        """The whole state in msgpack."""
        return msgspec.msgpack.encode(self.state)

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot."""
        self.state = msgspec.msgpack.decode(data, type=GatewayState)
        self._dirty = bool(self.state.orders or self.state.fills)

    # -- requests -----------------------------------------------------------------------------------------------------

    def act_of(self, request: ExchangeRequest, now: int) -> Act | None:
        """What a request needs; None when the answer is known. A Send counts as sent from here on: save, then send."""
        return ours.act_of(self.state, request, now, self._recv_window_ms, self._settings.ids_remembered)

    def sending_again(self, client_id: str, now: int) -> None:
        """It never arrived, and is about to be sent once more: save, then send."""
        self.state.known[client_id].sent_at = now

    def told(self, client_id: str, order: ExchangeOrder, child: ExchangeOrder | None = None) -> None:
        """The venue's word on an order of ours, asked for or answered; ``child``: what a conditional one became."""
        ours.told(self.state, ours.id_of(self.state, client_id), order, child, self._settings.ids_remembered)

    def stands(self, client_id: str, standing: ExchangeOrder) -> None:
        """The venue has not taken it, because ``standing`` closes the position on that side already: follow that one."""
        ours.stands(self.state, client_id, standing)

    def halt(self, code: int, why: str) -> bool:
        """No entry is sent from here on, until ``rearm``. False when that is so already; the first reason stays."""
        if self.state.halted is not None:
            return False
        self.state.halted = Halt(code=code, why=why)
        return True

    def rearm(self) -> None:
        """A person lets entries pass again."""
        self.state.halted = None

    def held_back(self, order: NewOrder) -> Halt | None:
        """Why this order is not sent; None when it may be: what can only reduce always may."""
        return None if order.protects else self.state.halted

    def refused(self, client_id: str, code: int, message: str, now: int) -> None:
        """The venue has not taken it."""
        ours.refused(self.state, client_id, code, message, now)

    def not_found(self, symbol: str, client_id: str, now: int) -> None:
        """The venue knows no such order: one that was told before is over; one that nobody knows is refused (-2011).

        Of an order that was only just sent it means nothing: what answers questions may lag behind what takes orders.
        """
        client_id = ours.id_of(self.state, client_id)
        known = self.state.known.get(client_id)
        if known is None or now - known.sent_at > self._recv_window_ms:
            ours.not_found(self.state, symbol, client_id, now, self._settings.ids_remembered)

    def answer(self, asked: ExchangeRequests, now: int) -> ExchangeEvents:
        """The answer: every order that was asked about and of which something is known."""
        ids = [each.client_id if isinstance(each, CancelOrder) else each.order.client_id for each in asked.requests]
        known = (self.state.known.get(client_id) for client_id in dict.fromkeys(ids))
        return ExchangeEvents(
            time=now,
            reply_to=asked.id,
            orders=tuple(each.order for each in known if each is not None and each.told),
            fills=(),
            funding=(),
            account=self.account(now),
        )

    def answered(self, now: int) -> None:
        """An answer may say that something traded of which no news has come: from now on they are waited for."""
        if not self.balanced:
            self._touch(now)

    # -- the user stream ----------------------------------------------------------------------------------------------

    def hear(self, event: UserEvent, now: int) -> None:
        """News of the account. What needs no answer (leverage, margin calls, early fill notices) changes nothing here."""
        if isinstance(event, OrderUpdate | AlgoUpdate) and not books.nameable(event.order.symbol):
            return
        if isinstance(event, OrderUpdate):
            self._order_update(event)
        elif isinstance(event, AlgoUpdate):
            self._algo_update(event.order)
        elif isinstance(event, AccountUpdate):
            self._account_update(event)
        else:
            return
        self._touch(now)

    def want_refresh(self) -> None:
        """Something was missed or could not be read: ask for all of it."""
        self._refresh_wanted = self._funding_wanted = True

    @property
    def missed_something(self) -> bool:
        """Nobody listened for a while, or something could not be read: not only the usual is to be asked for."""
        return self._refresh_wanted or not self._stated_at

    @property
    def funding_wanted(self) -> bool:
        """Funding was paid, or may have been while nobody listened: ask for it, then tell ``funded``."""
        return self._funding_wanted

    def due(self, now: int) -> Due:
        """What the shell should do now."""
        if self._refresh_wanted or now - self._stated_at >= self._settings.account_every_s * 1000:
            return "refresh"
        if not self._dirty:
            return "nothing"
        if self.fees.missing(self.state.fills):
            return "refresh"
        if self.balanced:
            return "publish"
        return "refresh" if now - self._held_since >= self._settings.hold_ms else "nothing"

    def next_due(self, now: int) -> int:
        """Ms until ``due`` may say something else without news."""
        statement = self._stated_at + int(self._settings.account_every_s * 1000) - now
        hold = self._held_since + self._settings.hold_ms - now if self._dirty else statement
        return max(1, min(statement, hold))

    @property
    def balanced(self) -> bool:
        """The fills heard explain the positions stated and the quantities answered."""
        return not self.unexplained()

    def unexplained(self) -> tuple[str, ...]:
        """Symbols whose books do not agree; sorted."""
        return books.unexplained(self.state)

    def in_doubt(self, open_ids: Iterable[tuple[str, int]]) -> tuple[OrderRef, ...]:
        """Orders of ours that live as far as we know, and are not among the venue's open ones (book, id): ask for them."""
        return ours.in_doubt(self.state, set(open_ids))

    # -- what was asked for -------------------------------------------------------------------------------------------

    def stated(self, balances: Iterable[Balance], positions: Iterable[PositionRisk], asked_at: int) -> None:
        """The account by REST; what the stream said of later times stays."""
        state = self.state
        first = not state.carried and not state.told_until and not self._stated_at
        books.take_statement(state, balances, positions, asked_at)
        if first:
            state.carried = {symbol: held.quantity for symbol, held in state.held.items()}

    def listed(self, orders: Iterable[ExchangeOrder]) -> None:
        """The venue's open orders by REST: ours as they are now, and strangers, each told once."""
        for order in orders:
            if not books.nameable(order.symbol):
                continue
            owner = books.owner_of(self.state, order) if order.book == "plain" else ours.id_of(self.state, order.client_id)
            if owner is not None and owner in self.state.known:
                self.found(owner, order)
            elif order.client_id not in self._announced:
                self._announced[order.client_id] = None
                bounded(self._announced, self._settings.ids_remembered)
                self.state.orders[order.client_id] = from_venue(order)

    def found(self, client_id: str, order: ExchangeOrder, child: ExchangeOrder | None = None) -> None:
        """As ``told``, and news when it changes what was known."""
        client_id = ours.id_of(self.state, client_id)
        before = self.state.known[client_id].order
        if order.book == "plain" and self.state.known[client_id].book == "algo":
            self.state.known[client_id].child_id = order.id
            self.state.known[client_id].order = moved(before, order)
        else:
            self.told(client_id, order, child)
        after = self.state.known[client_id].order
        if after != before:
            self.state.orders[client_id] = after

    def gone(self, ref: OrderRef, now: int) -> None:
        """The venue knows nothing of an order that it knew: it is over, and that is news."""
        client_id = ours.id_of(self.state, ref.client_id)
        self.not_found(ref.symbol, client_id, now)
        order = self.state.known[client_id].order
        if order.status in DEAD:
            self.state.orders[client_id] = order

    def unowned(self, trades: Iterable[AccountTrade]) -> tuple[int, ...]:
        """Order ids of executions of which nobody here knows the client id: ask for those orders."""
        owners = books.owners(self.state)
        return tuple(dict.fromkeys(trade.order_id for trade in trades if trade.order_id not in owners))

    def traded(self, symbol: str, trades: Iterable[AccountTrade], asked: Mapping[int, ExchangeOrder] | None = None) -> None:
        """Executions by REST that the stream did not bring. ``asked``: their orders by id, where they were unowned."""
        asked = asked or {}
        for order in asked.values():
            owner = books.owner_of(self.state, order)
            if owner is not None:
                self.found(owner, order)
        owners = books.owners(self.state)
        for trade in trades:
            known_as = asked[trade.order_id].client_id if trade.order_id in asked else f"order-{trade.order_id}"
            client_id = owners.get(trade.order_id, known_as)
            order, fill = from_trade(symbol, trade, client_id)
            self._fill(fill, order, client_id)

    def settled(self, asked_at: int) -> tuple[str, ...]:
        """All was asked for. What does not agree now may be on its way; what did not agree last time either, and in the same
        way, is as the venue states it. Returns the symbols of the latter."""
        apart = {symbol: books.gap(self.state, symbol) for symbol in self.unexplained()}
        given_up = tuple(symbol for symbol, gap in apart.items() if self._apart.get(symbol) == gap)
        for symbol in given_up:
            books.give_up(self.state, symbol)
            del apart[symbol]
        self._apart = apart
        if not apart:
            before = self.state.agreed_at
            self.state.agreed_at = max(before, asked_at - _OVERLAP_MS) if before else asked_at
        self._refresh_wanted = False
        self._dirty, self._held_since = True, asked_at
        self._stated_at = asked_at
        return given_up

    def funded(self, incomes: Iterable[Income], rates: dict[str, Decimal]) -> None:
        """Funding payments by REST; each once."""
        self._funding_wanted = False
        self._dirty |= books.take_funding(self.state, incomes, rates, self._settings.fills_remembered)

    # -- news ---------------------------------------------------------------------------------------------------------

    def news(self, now: int) -> ExchangeEvents:
        """What has happened since the last news; it is out with this."""
        state = self.state
        time = max(now, state.told_until + 1)
        events = ExchangeEvents(
            time=time,
            reply_to="",
            orders=tuple(state.orders.values()),
            fills=tuple(self.fees.valued(fill) for fill in state.fills),
            funding=tuple(state.funding),
            account=self.account(time),
        )
        state.orders, state.fills, state.funding = {}, [], []
        state.told_until = time
        self._dirty = False
        return events

    def account(self, time: int) -> AccountState:
        """The account as last stated. Raises LookupError before the first statement: ask for it first."""
        return books.account_of(self.state, time)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _touch(self, now: int) -> None:
        if not self._dirty:
            self._dirty, self._held_since = True, now

    def _order_update(self, event: OrderUpdate) -> None:
        order = event.order
        owner = books.owner_of(self.state, order)
        if owner is None and order.original_type in CONDITIONAL and books.waits_for_child(self.state, order.symbol):
            self.want_refresh()  # perhaps the child of one of ours, whose link has not come yet: asked for, not guessed
            return
        self.state.orders[owner or order.client_id] = (
            from_venue(order) if owner is None else ours.heard(self.state.known[owner], order)
        )
        if event.fill is not None:
            self._fill(event.fill, order, owner or order.client_id)

    def _algo_update(self, order: ExchangeOrder) -> None:
        client_id = ours.id_of(self.state, order.client_id)
        known = self.state.known.get(client_id)
        if known is None:
            self.state.orders[order.client_id] = from_venue(order)
            return
        self.told(client_id, order)
        self.state.orders[client_id] = known.order

    def _account_update(self, event: AccountUpdate) -> None:
        self._funding_wanted |= event.reason == "FUNDING_FEE"
        books.take_update(self.state, event)

    def _fill(self, fill: Executed, order: ExchangeOrder, client_id: str) -> None:
        books.book_fill(self.state, fill, order, client_id, self._settings.fills_remembered)
