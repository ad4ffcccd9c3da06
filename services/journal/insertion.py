"""Inserts rows into the journal's tables: once, or, for tables of latest states, only if newer than the present row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from services.journal.rows import Row
from services.journal.tables import LATEST, Money, metadata, schema


class Insertion(Protocol):
    """One table's way in."""

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert ``rows``, which all have the same keys; a row that is known already changes nothing."""
        ...


class ServerInsertion:
    """Through SQLAlchemy, which knows what the server's driver wants."""

    def __init__(self, statement: Insert) -> None:
        self._statement = statement

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        connection.execute(self._statement, rows)


class FileInsertion:
    """SQL and converters made once, then SQLite's own ``executemany``: a backtest writes millions of rows.

    SQLAlchemy prepares each row anew, which costs more than SQLite takes to write it.
    """

    def __init__(self, table: Table, statement: Insert, dialect: Dialect) -> None:
        self._table, self._statement, self._dialect = table, statement, dialect
        self._sql = ""
        self._columns: list[str] = []
        self._converted: list[tuple[int, Callable[[Any], Any]]] = []

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not self._sql:
            self._compile(list(rows[0]))
        values = [self._values(row) for row in rows]
        connection.exec_driver_sql(self._sql, values)

    def _values(self, row: Row) -> tuple[Any, ...]:
        """A row in the statement's order, as SQLite takes it; None is NULL in every column."""
        values = [row[column] for column in self._columns]
        for place, convert in self._converted:
            value = values[place]
            if value is not None:
                values[place] = convert(value)
        return tuple(values)

    def _compile(self, keys: list[str]) -> None:
        compiled = self._statement.compile(dialect=self._dialect, column_keys=keys)
        self._columns = list(compiled.positiontup or ())
        self._converted = []
        for place, column in enumerate(self._columns):
            kind = self._table.c[column].type
            convert = (
                amount_text if isinstance(kind, Money) else kind.dialect_impl(self._dialect).bind_processor(self._dialect)
            )
            if convert is not None:
                self._converted.append((place, convert))
        self._sql = str(compiled)


def insertions(dialect: Dialect) -> Mapping[str, Insertion]:
    """By table name, in an order in which no row comes before one that it refers to."""
    tables = [table for table in metadata.sorted_tables if table is not schema]
    if dialect.name == "postgresql":
        return {table.name: ServerInsertion(_once(table, postgresql.insert(table))) for table in tables}
    return {table.name: FileInsertion(table, _once(table, sqlite.insert(table)), dialect) for table in tables}


def _once(table: Table, statement: postgresql.Insert | sqlite.Insert) -> Insert:
    if table.name not in LATEST:
        return statement.on_conflict_do_nothing()
    new = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=new, where=table.c.sequence < statement.excluded.sequence
    )


def amount_text(amount: Decimal) -> str:
    """What ``Money`` makes of an amount for SQLite; to ask it through SQLAlchemy costs two calls more for each."""
    return f"{amount:f}"
