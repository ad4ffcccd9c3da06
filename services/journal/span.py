"""Everything that was recorded in a span of time, as the messages that it was: what a replay of a past day is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.journal import tables
from services.journal.read import rows_of
from services.journal.structs import listed, made, signal_of, verdict_of
from shared.domain.candles import Candle
from shared.domain.decisions import Decision, Signal
from shared.domain.intents import Verdict
from shared.domain.message import Symbol
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import DURATION, Timeframe

#: Columns of a candle's order flow; NULL in all of them: none was known.
_FLOW: Final = ("taker_bought", "trades", "spread", "imbalance")
#: How an alert's key begins that says that a command was obeyed, or refused; its id follows.
_OBEYED, _REFUSED = "control.", "command_refused."


class Commanded(msgspec.Struct, frozen=True, kw_only=True):
    """A command of a person as it was recorded. at: when it was obeyed, else when it was recorded, UTC ms."""

    id: str
    words: tuple[str, ...]
    by: str
    reason: str
    at: int
    refused: bool


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its close. stamped_at: the time of risk's lane, UTC ms; None = it named none."""

    close_time: int
    stamped_at: int | None
    verdict: Verdict


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A state of an order. origin: who made the order; purpose: what it does for its position."""

    order: Order
    origin: str
    purpose: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded after one instant and up to another, each list in order of time.

    candles: of every timeframe. missing: timeframe and close time → symbols without a candle. decided_at: close time → the
    earliest time of a lane that decided it. orders: every state that the exchange reported. funding: time → symbol → rate.
    stated: time of each of the account's statements, and when risk had heard of it.
    """

    candles: tuple[Candle, ...]
    missing: dict[tuple[Timeframe, int], tuple[Symbol, ...]]
    decisions: tuple[Decision, ...]
    decided_at: dict[int, int]
    verdicts: tuple[Stamped, ...]
    orders: tuple[Placed, ...]
    fills: tuple[Fill, ...]
    funding: dict[int, dict[Symbol, Decimal]]
    commands: tuple[Commanded, ...]
    stated: tuple[tuple[int, int], ...]


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal holds. owner: mode, or mode/namespace/account. Times in UTC ms; None = there is nothing.

    first_candle, first_decision, last_decision: close times. wallet: of the first statement, USDT.
    """

    owner: str
    first_candle: int | None
    first_decision: int | None
    last_decision: int | None
    symbols: tuple[Symbol, ...]
    wallet: Decimal | None


async def extent(connection: AsyncConnection, since: int = 0) -> Extent:
    """What the journal holds from ``since`` (UTC ms) on."""
    candles, decisions, equity = tables.candles, tables.decisions, tables.equity
    owner = (await connection.execute(select(tables.schema.c.owner))).scalar()
    finest = candles.c.timeframe == "1m"
    opened = select(func.min(candles.c.open_time)).where(finest, candles.c.open_time >= since)
    first = (await connection.execute(opened)).scalar()
    span = select(func.min(decisions.c.close_time), func.max(decisions.c.close_time)).where(decisions.c.close_time > since)
    begin, end = (await connection.execute(span)).one()
    symbols = select(decisions.c.symbol).distinct().order_by(decisions.c.symbol)
    wallet = select(equity.c.wallet).where(equity.c.time > since).order_by(equity.c.time).limit(1)
    return Extent(
        owner=owner or "",
        first_candle=None if first is None else first + DURATION["1m"],
        first_decision=begin,
        last_decision=end,
        symbols=tuple((await connection.execute(symbols)).scalars()),
        wallet=(await connection.execute(wallet)).scalar(),
    )


async def recorded(connection: AsyncConnection, after: int, until: int) -> Span:
    """Everything from after ``after`` up to ``until`` (UTC ms). Raises NotOurs for rows that no journal writes."""
    verdicts = await _within(connection, tables.verdicts, "close_time", after, until)
    intents = {row["id"]: row for row in await _within(connection, tables.intents, "close_time", after, until)}
    decisions = await _within(connection, tables.decisions, "close_time", after, until)
    heard = await _within(connection, tables.risk_states, "time", after, until)
    decided_at: dict[int, int] = {}
    for row in decisions:
        if row["stamped_at"] is not None:
            close_time = row["close_time"]
            decided_at[close_time] = min(row["stamped_at"], decided_at.get(close_time, row["stamped_at"]))
    funding: dict[int, dict[Symbol, Decimal]] = defaultdict(dict)
    for row in await _within(connection, tables.funding, "time", after, until):
        funding[row["time"]][row["symbol"]] = row["rate"]
    return Span(
        candles=await _candles(connection, after, until),
        missing=await _missing(connection, after, until),
        decisions=await _decisions(connection, decisions, after, until),
        decided_at=decided_at,
        verdicts=tuple(
            [
                Stamped(
                    close_time=row["close_time"],
                    stamped_at=row["stamped_at"],
                    verdict=verdict_of(row, intents.get(row["intent_id"])),
                )
                for row in verdicts
            ]
        ),
        orders=tuple(
            [
                Placed(
                    order=made(Order, {**row, "trigger": row["trigger_price"]}), origin=row["origin"], purpose=row["purpose"]
                )
                for row in await _within(connection, tables.order_history, "updated_at", after, until, "sequence")
            ]
        ),
        fills=tuple([made(Fill, row) for row in await _within(connection, tables.fills, "time", after, until, "id")]),
        funding=dict(funding),
        commands=tuple([each for each in await _commands(connection) if after < each.at <= until]),
        stated=tuple([(row["time"], row["stamped_at"] or row["time"]) for row in heard]),
    )


async def _within(
    connection: AsyncConnection, table: Table, column: str, after: int, until: int, *further: str
) -> list[dict[str, Any]]:
    query = select(table).where(table.c[column] > after, table.c[column] <= until)
    return await rows_of(connection, query.order_by(table.c[column], *(table.c[name] for name in further)))


async def _candles(connection: AsyncConnection, after: int, until: int) -> tuple[Candle, ...]:
    table = tables.candles
    spans = [
        (table.c.timeframe == frame) & (table.c.open_time > after - length) & (table.c.open_time <= until - length)
        for frame, length in DURATION.items()
    ]
    found = [_candle(row) for row in await rows_of(connection, select(table).where(or_(*spans)))]
    return tuple(sorted(found, key=lambda each: (each.close_time, DURATION[each.timeframe], each.symbol)))


def _candle(row: Mapping[str, Any]) -> Candle:
    told = {name: row[name] for name in _FLOW if row[name] is not None}
    flow = made(CandleFlow, told) if told else None
    rate = row["funding_rate"]
    funding = None if rate is None else made(SettledFunding, {"rate": rate, "time": row["funding_time"]})
    return made(Candle, {**row, "flow": flow, "funding": funding})


async def _missing(connection: AsyncConnection, after: int, until: int) -> dict[tuple[Timeframe, int], tuple[Symbol, ...]]:
    found: dict[tuple[Timeframe, int], tuple[Symbol, ...]] = {}
    for row in await _within(connection, tables.missing_candles, "close_time", after, until, "symbol"):
        key = (row["timeframe"], row["close_time"])
        found[key] = (*found.get(key, ()), row["symbol"])
    return found


async def _decisions(
    connection: AsyncConnection, rows: Sequence[Mapping[str, Any]], after: int, until: int
) -> tuple[Decision, ...]:
    signals: dict[str, Signal] = {}
    for row in await _within(connection, tables.signals, "close_time", after, until):
        signals[row["id"]] = signal_of(row)
    judged: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for judgement in await _within(connection, tables.judgements, "close_time", after, until, "strategy"):
        signal, reasons = signals.get(judgement["signal_id"]), listed(judgement["reasons"])
        said = {"strategy": judgement["strategy"], "signal": signal, "reasons": reasons}
        judged[judgement["decision_id"]].append(said)
    found = []
    for decided in rows:
        judgements = judged[decided["id"]]
        theirs = {reason for each in judgements for reason in each["reasons"]}
        own = [reason for reason in listed(decided["reasons"]) if reason not in theirs]
        found.append(made(Decision, {**decided, "judgements": judgements, "reasons": own}))
    return tuple(found)


async def _commands(connection: AsyncConnection) -> list[Commanded]:
    """Commands of people, in order; what risk orders follows from the rest."""
    key, time = tables.alerts.c.key, tables.alerts.c.time
    obeyed: dict[str, int] = {}
    refused: set[str] = set()
    answers = select(key, time).where(or_(key.startswith(_OBEYED), key.startswith(_REFUSED)))
    for answer, at in await connection.execute(answers):
        if answer.startswith(_OBEYED):
            named = answer.removeprefix(_OBEYED)
            obeyed[named] = min(at, obeyed.get(named, at))
        else:
            refused.add(answer.removeprefix(_REFUSED).partition(".")[2])
    found = [
        Commanded(
            id=row["id"],
            words=tuple(row["command"].split()),
            by=row["by"],
            reason=row["reason"],
            at=obeyed.get(row["id"], _milliseconds(row["recorded_at"])),
            refused=row["id"] in refused and row["id"] not in obeyed,
        )
        for row in await rows_of(connection, select(tables.controls).where(tables.controls.c.by != "risk"))
    ]
    return sorted(found, key=lambda each: (each.at, each.id))


def _milliseconds(recorded: datetime) -> int:
    """SQLite keeps UTC without saying so."""
    return int((recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)).timestamp() * 1000)
