"""Judges what the exchange lists: which filters our symbols have, when they take no entries, what has changed. Pure.

Delisting: the exchange announces the end of a contract by a delivery date within reach (docs/binance.md §4.2). TradFi
contracts follow a market that closes: outside its sessions nothing is entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, InstrumentChange
from shared.domain.timezones import shown
from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.market_data import ExchangeInfo, Session, SymbolRules, TradingSchedule

#: Contracts whose market has sessions.
TRADIFI: Final = "TRADIFI_PERPETUAL"
#: The session in which that market is closed; in every other one it trades, before and after hours too.
CLOSED_SESSION: Final = "NO_TRADING"
#: Kinds of underlying that the exchange's schedule covers. Contracts on others are traded at all hours.
SCHEDULED: Final = frozenset({"EQUITY", "COMMODITY"})

#: Codes that refuse an order because the exchange's filters, or the symbol's state, are not those that it was made for.
DIFFERS: Final[frozenset[int]] = frozenset(
    {
        ErrorCode.BAD_PRECISION,
        ErrorCode.BAD_SYMBOL,
        ErrorCode.INVALID_SYMBOL_STATUS,
        ErrorCode.PRICE_GREATER_THAN_MAX_PRICE,
        ErrorCode.STOP_PRICE_GREATER_THAN_MAX_PRICE,
        ErrorCode.QTY_LESS_THAN_MIN_QTY,
        ErrorCode.QTY_GREATER_THAN_MAX_QTY,
        ErrorCode.PRICE_LESS_THAN_MIN_PRICE,
        ErrorCode.PRICE_NOT_INCREASED_BY_TICK_SIZE,
        ErrorCode.QTY_NOT_INCREASED_BY_STEP_SIZE,
        ErrorCode.INVALID_TICK_SIZE_PRECISION,
        ErrorCode.INVALID_STEP_SIZE_PRECISION,
        ErrorCode.INVALID_OPENING_POSITION_STATUS,
        ErrorCode.SYMBOL_ALREADY_CLOSED,
        ErrorCode.MIN_NOTIONAL,
    }
)
#: What a status other than TRADING means for the reader.
STATUS_TEXTS: Final[Mapping[str, str]] = {
    "PENDING_TRADING": "the exchange has not opened it yet",
    "PRE_DELIVERING": "the exchange prepares its delivery",
    "DELIVERING": "the exchange delivers it",
    "DELIVERED": "the exchange has delivered it; take it out of `symbols`",
    "PRE_SETTLE": "the exchange prepares its settlement",
    "SETTLING": "the exchange settles it: it is being delisted; take it out of `symbols`",
    "CLOSE": "the exchange has delisted it; take it out of `symbols`",
}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Filters by symbol, and closures in the order of the symbols, of one symbol by their beginning."""

    instruments: dict[str, Instrument]
    closures: tuple[Closure, ...]


def needs_schedule(info: ExchangeInfo, symbols: Iterable[str]) -> bool:
    """Return True if one of the symbols is traded by the sessions of another market."""
    return any(_market_of(info.symbols.get(symbol)) for symbol in symbols)


def judge(
    info: ExchangeInfo, schedule: TradingSchedule | None, symbols: Sequence[str], now: int, delisting_lead_ms: int
) -> Listing:
    """Return filters and closures of our symbols as of ``now``, UTC ms.

    schedule: None = the exchange has not told one. delisting_lead_ms: how long before a contract's end nothing is entered.
    """
    odd = {each.symbol: each.reason for each in info.left_out}
    instruments = {symbol: info.symbols[symbol].instrument() for symbol in symbols if symbol in info.symbols}
    closures: list[Closure] = []
    for symbol in symbols:
        rules = info.symbols.get(symbol)
        if rules is None:
            closures.append(_unknown(symbol, odd.get(symbol)))
            continue
        found = [*_status(rules), *_delisting(rules, delisting_lead_ms), *_sessions(rules, schedule, now)]
        closures += sorted(found, key=lambda closure: closure.since)
    return Listing(instruments=instruments, closures=tuple(closures))


def changes(before: Mapping[str, Instrument], after: Mapping[str, Instrument]) -> tuple[InstrumentChange, ...]:
    """Return every filter that differs, by symbol and field. A symbol that only one side has is no change of a filter."""
    return tuple(
        InstrumentChange(symbol=symbol, field=field, before=f"{old:f}", after=f"{new:f}")
        for symbol in sorted(before.keys() & after.keys())
        for field in ("tick_size", "step_size", "min_quantity", "min_notional")
        if (old := getattr(before[symbol], field)) != (new := getattr(after[symbol], field))
    )


def _unknown(symbol: str, why: str | None) -> Closure:
    if why is None:
        text = f"{symbol} is not a perpetual that the exchange lists: correct `symbols`"
        return Closure(symbol=symbol, reason="unlisted", since=0, until=None, text=text)
    text = f"{symbol}: what the exchange states of it cannot be used: {why}"
    return Closure(symbol=symbol, reason="unreadable", since=0, until=None, text=text)


def _status(rules: SymbolRules) -> Iterator[Closure]:
    if rules.trading:
        return
    meaning = STATUS_TEXTS.get(rules.status, "the exchange does not trade it")
    text = f"{rules.symbol} is {rules.status}: {meaning}"
    yield Closure(symbol=rules.symbol, reason="status", since=0, until=None, text=text)


def _delisting(rules: SymbolRules, lead_ms: int) -> Iterator[Closure]:
    if not rules.delivers_at:
        return
    text = f"{rules.symbol} is delisted at {shown(rules.delivers_at, 'UTC')}: what is held then, the exchange closes"
    since = max(0, rules.delivers_at - lead_ms)
    yield Closure(symbol=rules.symbol, reason="delisting", since=since, until=None, text=text)


def _sessions(rules: SymbolRules, schedule: TradingSchedule | None, now: int) -> Iterator[Closure]:
    market = _market_of(rules)
    if not market:
        return
    sessions = schedule.markets.get(market, ()) if schedule is not None else ()
    if not sessions:
        text = f"{rules.symbol}: the exchange does not say when the market behind it ({market}) is open"
        yield Closure(symbol=rules.symbol, reason="schedule_unknown", since=0, until=None, text=text)
        return
    for start, end in _merged(session for session in sessions if session.kind == CLOSED_SESSION):
        if end > now:
            text = f"{rules.symbol}: the market behind it ({market}) is closed until {shown(end, 'UTC')}"
            yield Closure(symbol=rules.symbol, reason="session", since=start, until=end, text=text)
    last = max(session.end for session in sessions)
    text = f"{rules.symbol}: the exchange's schedule of the market behind it ({market}) ended at {shown(last, 'UTC')}"
    yield Closure(symbol=rules.symbol, reason="schedule_unknown", since=last, until=None, text=text)


def _market_of(rules: SymbolRules | None) -> str:
    """Return the market whose sessions the symbol follows; empty if it is traded at all hours."""
    follows = rules is not None and rules.contract == TRADIFI and rules.underlying in SCHEDULED
    return rules.underlying if rules is not None and follows else ""


def _merged(sessions: Iterable[Session]) -> Iterator[tuple[int, int]]:
    """Join sessions that touch or overlap into (start, end), earliest first."""
    start = end = -1
    for session in sorted(sessions, key=lambda each: each.start):
        if session.start > end:
            if end >= 0:
                yield start, end
            start, end = session.start, session.end
        else:
            end = max(end, session.end)
    if end >= 0:
        yield start, end
