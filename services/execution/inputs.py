"""What the execution core takes in beside messages: what a driver answers, hears and asks at the exchange.

Every input is stamped by the runtime and, where there is a log, written to it, so that a restart hands the core the same
inputs again. Times are UTC ms of the exchange's clock.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.account import FundingPayment, MarginTier, NextFunding, Transfer
from shared.exchange.error_table.rule import Action
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import AccountTrade, ExchangeOrder
from shared.exchange.model.user_events import UserEvent

#: How often a driver tells the margin tiers, ms: whoever lost them knows them again soon.
TIERS_EVERY_MS: Final = 600_000
#: How often the next funding payments, ms.
FUNDINGS_EVERY_MS: Final = 60_000

#: What a driver was asked to do with an order.
RequestKind = Literal["place", "cancel", "query"]
#: What became of it.
Result = Literal[
    "done",  # placed, cancelled or found; ``order`` says how it stands, where the exchange said so
    "stands",  # not placed: ``order``, which closes the position on this side, stands already
    "refused",  # nothing happened; ``code`` says why
    "absent",  # a query found no such order
    "unknown",  # no answer, or none that can be read: it may have happened
    "unsent",  # it was not sent: the connection or the rate limit did not allow it in time
]


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="sent"):
    """An entry is about to leave, signed with the stamp of this input; written before the request leaves."""

    client_id: str


class Withheld(msgspec.Struct, frozen=True, kw_only=True, tag="withheld"):
    """An entry that was judged again at the moment of sending, and is not sent. why: one of ``admission.EntryRefusal``."""

    client_id: str
    why: str
    text: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """The end of one request.

    asked_at: stamp with which the request was signed. order: as the exchange states it; child: the plain order that a
    conditional one became. code, message, sentence, action: of a refusal, see ``shared.exchange.error_table``.
    """

    kind: RequestKind
    client_id: str
    result: Result
    asked_at: int
    order: ExchangeOrder | None = None
    child: ExchangeOrder | None = None
    code: int = 0
    message: str = ""
    sentence: str = ""
    action: Action = "refuse"


class News(msgspec.Struct, frozen=True, kw_only=True, tag="news"):
    """An event of the user stream."""

    event: UserEvent


class Statement(msgspec.Struct, frozen=True, kw_only=True, tag="statement"):
    """The account as the exchange states it: wallet (USDT), every leg that is not flat, open orders of both books.

    time: as of which it holds. asked_at: when it was asked for: what happened after that may be missing. equity: wallet and
    unrealised profit, USDT. listed: symbols whose open orders are all in ``orders``; None = every symbol; empty = it says
    nothing of orders. fee_prices: price in USDT of other assets that fees are paid in; None = it has none. tiers: margin
    tiers by symbol, now and then; next_fundings: the next funding payments by symbol, now and then.
    """

    time: int
    asked_at: int
    wallet: Decimal
    equity: Decimal
    legs: tuple[PositionRisk, ...]
    orders: tuple[ExchangeOrder, ...]
    listed: frozenset[str] | None = None
    fee_prices: dict[str, Decimal | None] = msgspec.field(default_factory=dict)
    tiers: dict[str, tuple[MarginTier, ...]] = msgspec.field(default_factory=dict)
    next_fundings: dict[str, NextFunding] = msgspec.field(default_factory=dict)

    @property
    def names_orders(self) -> bool:
        """It says which orders are open, in one symbol at least."""
        return self.listed is None or bool(self.listed)


class Traded(msgspec.Struct, frozen=True, kw_only=True, tag="traded"):
    """The market of a symbol traded at ``low`` and at ``high``, USDT, at ``since`` or later, UTC ms of the exchange.

    Of a candle: its own. Of best bid and ask: ``high`` is the bid and ``low`` the ask, because nothing is offered up to the
    one any more, and nothing bid down to the other. Fed while an entry rests that this may void.
    """

    symbol: str
    low: Decimal
    high: Decimal
    since: int


class Executions(msgspec.Struct, frozen=True, kw_only=True, tag="executions"):
    """The account's executions of one symbol since a time, by query. orders: those of them whose owner was not known."""

    symbol: str
    asked_at: int
    trades: tuple[AccountTrade, ...]
    orders: tuple[ExchangeOrder, ...] = ()


class Paid(msgspec.Struct, frozen=True, kw_only=True, tag="paid"):
    """Funding payments by query; one may come again."""

    payments: tuple[FundingPayment, ...]


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag="moved"):
    """Transfers of the income history, by query; one may come again. id: of the row. asked_at: when it was asked for."""

    transfers: tuple[Transfer, ...]
    asked_at: int


class Connected(msgspec.Struct, frozen=True, kw_only=True, tag="connected"):
    """The user stream is open, or is not: while it is not, what happens is known from statements only, and
    nothing is entered.

    started: the first of a process that may have lost the requests, and the end of the log, of the one before it.
    woken: the process stood still for longer than a request is valid, and nothing was lost: answers wait to be read.
    """

    open: bool
    started: bool = False
    woken: bool = False


class Leaving(msgspec.Struct, frozen=True, kw_only=True, tag="leaving"):
    """The process is about to stop: entries that rest are cancelled. flatten: positions of ours are closed too."""

    flatten: bool = False


Input = Sent | Withheld | Answer | News | Traded | Statement | Executions | Paid | Moved | Connected | Leaving
