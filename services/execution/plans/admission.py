"""Which intents may become orders: asked when they come, and again at the moment of sending (invariant 5, EXEC-2). Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from services.execution.inputs import Traded
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, leg_key
from services.execution.voiding import voids
from shared.domain.control import Severity
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent
from shared.domain.listing import closed

#: Why execution does not send an entry: closed vocabulary.
EntryRefusal = Literal[
    "bad_signature",  # risk did not approve exactly this intent for this account
    "repeated",  # the intent was taken before
    "implausible_time",  # it claims to be valid for longer than any intent is
    "expired",  # it is no longer valid
    "before_start",  # it was decided before this process began: the one before may have sent it
    "halted",  # entries are halted; re-armed by hand
    "withdrawn",  # risk takes no entries any more, and ended those that it had approved before
    "leaving",  # the process is about to stop
    "disconnected",  # the exchange's news do not arrive now
    "foreign_symbol",  # the symbol is not among the configured ones
    "unknown_symbol",  # no filters are known for the symbol
    "symbol_frozen",  # something in the symbol is in doubt or in disorder
    "symbol_closed",  # the exchange, or a setting of the account there, permits no entry now
    "symbol_busy",  # a trade of ours lives in the symbol
    "hedge_leg",  # it is of a leg of hedge mode, in which nothing is entered
    "over_cap",  # it is larger than the largest entry
    "first_trades",  # it is larger than the first trades in mode live may be
    "too_many",  # too many entries left in the last minute
    "invalid_prices",  # off the grid, or the bound is not between price and stop
    "account_stale",  # the account was not stated lately
    "no_price",  # best bid and ask are not known, or old
    "price_beyond_bound",  # the price has run away
    "stop_passed",  # the price has passed the stop
    "voided",  # the price has been where the setup of a limit entry is spent
    "spread_too_wide",
    "reward_too_small",  # what is left to the last exit is not worth the distance to the stop
    "liquidated_first",  # the position that is held there would be liquidated before its stop
    "unwritten",  # the store did not take it before it expired: no entry leaves before it is written
]

SENTENCE: Final[dict[EntryRefusal, tuple[Severity, str]]] = {
    "bad_signature": ("critical", "its signature is not risk's for this account; find out who can write to the order topic"),
    "repeated": ("warning", "it was taken before"),
    "implausible_time": ("critical", "it claims a validity that no intent has; find out who sent it"),
    "expired": ("warning", "it came too late"),
    "before_start": ("warning", "it was decided before this process began, and may have been sent then"),
    "halted": ("warning", "entries are halted; re-arm by hand"),
    "withdrawn": ("info", "risk takes no entries any more"),
    "leaving": ("info", "the process is about to stop"),
    "disconnected": ("warning", "the exchange's news do not arrive now"),
    "foreign_symbol": ("critical", "the symbol is not among `symbols` of execution's configuration"),
    "unknown_symbol": ("critical", "no filters are known for the symbol; add it to the instruments"),
    "symbol_frozen": ("warning", "the symbol takes no entries"),
    "symbol_closed": ("warning", "the symbol takes no entries now"),
    "symbol_busy": ("warning", "a trade lives in this symbol"),
    "hedge_leg": ("warning", "only one-way mode is traded"),
    "over_cap": ("critical", "it is larger than `execution.max_notional`"),
    "first_trades": ("critical", "it is larger than the first trades in mode live may be"),
    "too_many": ("critical", "more entries than `execution.entries_per_minute` left in the last minute"),
    "invalid_prices": ("critical", "its prices or quantity are off the exchange's grid, or on the wrong sides"),
    "account_stale": ("warning", "the account was not stated lately"),
    "no_price": ("warning", "best bid and ask are not known"),
    "price_beyond_bound": ("info", "the price has run away from it"),
    "stop_passed": ("info", "the price has passed its stop"),
    "voided": ("info", "the price has been where its setup is spent"),
    "spread_too_wide": ("info", "the spread is wider than `execution.max_spread`"),
    "reward_too_small": ("info", "what is left to gain is too little for what it risks"),
    "liquidated_first": ("critical", "the position held there would be liquidated before the stop; add margin or reduce it"),
    "unwritten": ("warning", "the store did not take it in time; no entry leaves before it is written"),
}


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of a symbol, USDT, as of ``time`` (UTC ms of the exchange)."""

    time: int
    bid: Decimal
    ask: Decimal

    def traded(self, symbol: str) -> Traded:
        """Return what they prove to have traded in the symbol."""
        return Traded(symbol=symbol, low=self.ask, high=self.bid, since=self.time)


@dataclass(frozen=True, slots=True)
class Question:
    """An entry, and all that is asked about it. quote: None = none is known.

    voided: price has voided the entry already. first_trades: number of the account's first trades that are capped in size;
    0 = none.
    """

    intent: OrderIntent
    now: int
    state: ExecutionState
    settings: ExecutionSettings
    symbols: frozenset[str]
    instrument: Instrument | None
    signed: bool = True
    quote: Quote | None = None
    voided: bool = False
    first_trades: int = 0


_CENT: Final = Decimal("0.01")
#: Entries are counted over so long a time, ms.
RATE_MS: Final = 60_000


def sent_since(times: Sequence[int], after: int) -> int:
    """Count the times later than ``after``. times: UTC ms, oldest first."""
    return len(times) - bisect_right(times, after)


Check = Callable[[Question], bool]
#: Asked both when an intent comes and at the moment of sending.
_ALWAYS: Final[dict[EntryRefusal, Check]] = {
    "expired": lambda q: q.now > q.intent.valid_until,
    "halted": lambda q: q.state.halted is not None,
    "withdrawn": lambda q: q.intent.decided_at <= q.state.withdrawn_until,
    "leaving": lambda q: q.state.leaving,
    "disconnected": lambda q: not q.state.connected,
    "symbol_frozen": lambda q: q.intent.symbol in q.state.frozen,
    "symbol_closed": lambda q: closed(q.state.closures, q.intent.symbol, q.now) is not None,
    "account_stale": lambda q: q.state.wallet is None or q.now - q.state.stated_at > q.settings.account_age_ms,
    "first_trades": lambda q: first_trades_left(q) > 0 and q.intent.quantity * q.intent.bound > _first_cap(q),
    "too_many": lambda q: sent_since(q.state.sent_at, q.now - RATE_MS) >= q.settings.entries_per_minute,
}
#: Asked when an intent comes.
AT_ADMISSION: Final[dict[EntryRefusal, Check]] = {
    "bad_signature": lambda q: not q.signed,
    "repeated": lambda q: q.intent.id in q.state.intents or q.intent.id in q.state.past,
    "before_start": lambda q: q.intent.decided_at < q.state.started_at,
    "implausible_time": lambda q: (
        max(q.intent.valid_until, q.intent.close_time, q.intent.decided_at) > q.now + q.settings.max_validity_ms
    ),
    "foreign_symbol": lambda q: q.intent.symbol not in q.symbols,
    "unknown_symbol": lambda q: q.instrument is None,
    "symbol_busy": lambda q: leg_key(q.intent.symbol, q.intent.leg) in q.state.plans,
    "hedge_leg": lambda q: q.intent.leg != "BOTH",
    "over_cap": lambda q: q.intent.quantity * q.intent.bound > q.settings.max_notional,
    "invalid_prices": lambda q: not _tradable(q),
    **_ALWAYS,
}
#: Asked again at the moment of sending.
AT_SENDING: Final[dict[EntryRefusal, Check]] = {
    **_ALWAYS,
    "voided": lambda q: q.voided or _voided_now(q),  # before the price is asked for: without one it stays void
    "no_price": lambda q: q.quote is None or q.now - q.quote.time > q.settings.quote_age_ms,
    "price_beyond_bound": lambda q: q.intent.kind == "market" and _sign(q) * (_touch(q) - q.intent.bound) > 0,
    "stop_passed": lambda q: _sign(q) * (_touch(q) - q.intent.stop) <= 0,
    "spread_too_wide": lambda q: (
        q.intent.kind == "market" and q.quote is not None and q.quote.ask - q.quote.bid > q.settings.max_spread * q.quote.ask
    ),
    "reward_too_small": lambda q: q.intent.kind == "market" and _reward(q) < q.settings.min_reward_risk,
    "liquidated_first": lambda q: _liquidated_first(q),
}


def refusal(question: Question, checks: Mapping[EntryRefusal, Check]) -> EntryRefusal | None:
    """Return the first check that speaks against the entry, in the table's order; None if it may go on."""
    return next((why for why, applies in checks.items() if applies(question)), None)


def reason_text(question: Question, why: EntryRefusal) -> tuple[Severity, str]:
    """Return how serious a refusal is, and a sentence for a person."""
    severity, sentence = SENTENCE[why]
    symbol, state = question.intent.symbol, question.state
    closure = closed(state.closures, symbol, question.now)
    if why == "symbol_closed" and closure is not None:
        sentence = f"{sentence}: {closure.text}"
    elif why == "symbol_frozen" and symbol in state.frozen:
        sentence = f"{sentence}: {state.frozen[symbol].text}"
    elif why == "first_trades":
        sentence = _first_sentence(question)
    elif why == "halted" and state.halted is not None:
        sentence = f"{sentence} ({state.halted.why})"
    return severity, sentence


def first_trades_left(question: Question) -> int:
    """Return how many more trades of the account are capped in size."""
    return max(0, question.first_trades - question.state.trades_opened)


def _first_cap(question: Question) -> Decimal:
    """The largest entry among the first trades, USDT: as set, or the smallest that the exchange takes if that is more."""
    cap, instrument, bound = question.settings.first_trades_notional, question.instrument, question.intent.bound
    if instrument is None or bound <= 0:
        return cap
    # Counted at the lowest price of the entry that is known: the exchange measures by its own.
    lowest = min(bound, question.intent.price) if question.intent.price > 0 else bound
    return max(cap, instrument.covering(instrument.min_notional / lowest) * bound)


def _first_sentence(question: Question) -> str:
    wanted = (question.intent.quantity * question.intent.bound).quantize(_CENT)
    return (
        f"it is {wanted} USDT, and each of the next {first_trades_left(question)} trades of this account in mode live may "
        f"be {_first_cap(question).quantize(_CENT)} (`execution.first_trades_notional`): risk sizes to that by the next "
        "statement, or set `execution.first_trades_acknowledged` to true, which lifts the cap"
    )


def _liquidated_first(question: Question) -> bool:
    """True if a position on the entry's side is stated there whose liquidation price lies before the stop."""
    leg, sign = question.state.positions.get(leg_key(question.intent.symbol, question.intent.leg)), _sign(question)
    if leg is None or sign * leg.stated <= 0 or leg.liquidation <= 0:
        return False
    return sign * (leg.liquidation - question.intent.stop) >= 0


def _sign(question: Question) -> int:
    return 1 if question.intent.side == "BUY" else -1


def _touch(question: Question) -> Decimal:
    """The price at which the entry would fill now."""
    quote = question.quote
    assert quote is not None, "no_price stands before every check of the price"
    return quote.ask if question.intent.side == "BUY" else quote.bid


def _voided_now(question: Question) -> bool:
    """Best bid or ask lies where the entry is void."""
    intent, quote = question.intent, question.quote
    return quote is not None and voids(intent, quote.traded(intent.symbol))


def _reward(question: Question) -> Decimal:
    intent, price = question.intent, _touch(question)
    risk = _sign(question) * (price - intent.stop)
    return _sign(question) * (intent.target - price) / risk if risk > 0 else Decimal(0)


def _tradable(question: Question) -> bool:
    intent, instrument = question.intent, question.instrument
    assert instrument is not None, "unknown_symbol stands before it"
    prices = (intent.price, intent.bound, intent.stop, *(each.price for each in intent.exits))
    on_grid = all(price > 0 and price % instrument.tick_size == 0 for price in prices)
    on_grid = on_grid and intent.void_at % instrument.tick_size == 0
    sized = intent.quantity >= instrument.min_quantity and intent.quantity % instrument.step_size == 0
    sign = _sign(question)
    return on_grid and sized and sign * intent.stop < sign * intent.bound and sign * intent.bound < sign * intent.target
