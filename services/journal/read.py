"""Queries the journal for operators. Each query takes a connection and returns domain structs, exactly as recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.journal import tables
from services.journal.database import open_database
from services.journal.tables import NotOurs
from shared.domain.account import Trade
from shared.domain.orders import Fill, Order

#: Counted among the reasons: the decision was a signal.
SIGNAL: Final = "signal"
FOR_EVER: Final = 2**62

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """The account at ``time`` (ms): wallet and equity in USDT."""

    time: int
    wallet: Decimal
    equity: Decimal


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to the journal at ``url`` that is never committed. Raises FileNotFoundError, ValueError.

    NotOurs, a ValueError: it is of another schema than this program reads.
    """
    engine = open_database(url, must_exist=True)
    try:
        async with engine.connect() as connection:
            await _require_schema(connection)
            yield connection
    finally:
        await engine.dispose()


async def _require_schema(connection: AsyncConnection) -> None:
    try:
        version = (await connection.execute(select(tables.schema.c.version))).scalar()
    except SQLAlchemyError:  # no journal at all: what is asked for says so
        await connection.rollback()
        return
    if version not in (None, tables.SCHEMA_VERSION):
        raise NotOurs(
            f"it is of schema {version}, this program reads schema {tables.SCHEMA_VERSION}: read it with the program that "
            "wrote it"
        )


async def trades(
    connection: AsyncConnection, *, symbol: str | None = None, since: int = 0, until: int = FOR_EVER, limit: int = 100
) -> list[Trade]:
    """The latest ``limit`` trades opened in [since, until) (ms), newest first, each in its latest state."""
    table = tables.trades
    query = select(table).where(*_span(table, table.c.opened_at, symbol, since, until))
    query = query.order_by(table.c.opened_at.desc(), table.c.intent_id).limit(limit)
    return [_struct(Trade, row) for row in await rows_of(connection, query)]


async def orders(
    connection: AsyncConnection, *, symbol: str | None = None, since: int = 0, until: int = FOR_EVER, limit: int = 100
) -> list[Order]:
    """The ``limit`` orders changed last in [since, until) (ms), newest first, each in its latest state."""
    table = tables.orders
    query = select(table).where(*_span(table, table.c.updated_at, symbol, since, until))
    query = query.order_by(table.c.updated_at.desc(), table.c.client_id).limit(limit)
    return [_order(row) for row in await rows_of(connection, query)]


async def order_history(connection: AsyncConnection, client_id: str) -> list[Order]:
    """Return every state that the exchange reported for one order, oldest first."""
    table = tables.order_history
    query = select(table).where(table.c.client_id == client_id).order_by(table.c.sequence)
    return [_order(row) for row in await rows_of(connection, query)]


async def fills(
    connection: AsyncConnection, *, symbol: str | None = None, since: int = 0, until: int = FOR_EVER, limit: int = 100
) -> list[Fill]:
    """The latest ``limit`` fills in [since, until) (ms), newest first."""
    table = tables.fills
    query = select(table).where(*_span(table, table.c.time, symbol, since, until))
    query = query.order_by(table.c.time.desc(), table.c.symbol, table.c.id).limit(limit)
    return [_struct(Fill, row) for row in await rows_of(connection, query)]


async def equity_curve(connection: AsyncConnection, *, since: int = 0, until: int = FOR_EVER) -> list[EquityPoint]:
    """The account's value over [since, until) (ms), oldest first."""
    table = tables.equity
    query = select(table).where(table.c.time >= since, table.c.time < until).order_by(table.c.time)
    return [EquityPoint(row["time"], row["wallet"], row["equity"]) for row in await rows_of(connection, query)]


async def decisions_by_reason(
    connection: AsyncConnection, *, symbol: str | None = None, since: int = 0, until: int = FOR_EVER
) -> dict[str, int]:
    """How often each reason stood against an entry in [since, until) (ms), most frequent first; SIGNAL counts entries.

    A decision with two reasons counts for both (SIG-7: the "why-not" table).
    """
    table = tables.decisions
    combination, count, entries = table.c.reasons, func.count(), func.count(table.c.signal_id)
    query = select(combination, count, entries).where(*_span(table, table.c.close_time, symbol, since, until))
    found: Counter[str] = Counter()
    for reasons, decided, entered in await connection.execute(query.group_by(combination)):
        found[SIGNAL] += entered
        for reason in filter(None, reasons.split(",")):
            found[reason] += decided
    return {reason: times for reason, times in sorted(found.items(), key=lambda item: (-item[1], item[0])) if times}


def _span(table: Table, time: ColumnElement[Any], symbol: str | None, since: int, until: int) -> list[ColumnElement[bool]]:
    conditions = [time >= since, time < until]
    if symbol is not None:
        conditions.append(table.c.symbol == symbol)
    return conditions


async def rows_of(connection: AsyncConnection, query: Select[Any]) -> list[dict[str, Any]]:
    """The rows that a query finds, by column."""
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _struct(kind: type[S], row: dict[str, Any]) -> S:
    """Raises NotOurs for a row that no journal writes: SQLite keeps text in a column of numbers if it is put there."""
    try:
        return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)
    except msgspec.ValidationError as error:
        raise NotOurs(f"a row of {kind.__name__.lower()}s: {error}; this is no journal of ours, or it was edited") from None


def _order(row: dict[str, Any]) -> Order:
    return _struct(Order, row | {"trigger": row["trigger_price"]})
