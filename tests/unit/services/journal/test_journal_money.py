"""Amounts and statements of the journal in the words of either database, without one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from services.journal.insertion import FileInsertion, ServerInsertion, insertions
from services.journal.tables import Money, NotOurs

SERVER, FILE = postgresql.dialect(), sqlite.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's are untyped


@pytest.mark.parametrize(
    ("dialect", "found", "amount"),
    [
        (SERVER, Decimal("1E+4"), "10000"),
        (FILE, "10000", "10000"),
        (FILE, "0.00000001", "0.00000001"),
        (SERVER, Decimal("-0.10"), "-0.10"),
    ],
)
def test_an_amount_comes_back_with_the_digits_that_were_written(dialect: Dialect, found: Any, amount: str) -> None:
    """DATA-5: PostgreSQL's driver reads 10000 as 1E+4."""
    assert f"{Money().process_result_value(found, dialect):f}" == amount


@pytest.mark.parametrize("dialect", [SERVER, FILE], ids=["server", "file"])
def test_no_amount_stays_none(dialect: Dialect) -> None:
    assert Money().process_bind_param(None, dialect) is None
    assert Money().process_result_value(None, dialect) is None


def test_text_that_is_no_amount_is_refused() -> None:
    with pytest.raises(NotOurs, match="'ten' stands where an amount should be"):
        Money().process_result_value("ten", FILE)


def test_either_database_has_a_way_in_for_every_table() -> None:
    """DATA-5: in one order, in which no row comes before one that it refers to."""
    server, file = insertions(SERVER), insertions(FILE)
    assert list(server) == list(file)
    assert {type(each) for each in server.values()} == {ServerInsertion}
    assert {type(each) for each in file.values()} == {FileInsertion}
