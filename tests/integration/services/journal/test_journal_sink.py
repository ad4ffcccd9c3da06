"""The journal on SQLite and on PostgreSQL: each fact once, exact, whatever is redelivered."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.journal import read, tables
from services.journal.candles import HotExtent, hot_chunks, hot_extents
from services.journal.database import database_url, open_database
from services.journal.insertion import FileInsertion
from services.journal.sink import JournalOwnerError, JournalSchemaError, JournalSink
from shared.domain.control import Alert
from shared.domain.message import Message
from shared.domain.order_flow import CandleFlow
from tests.support.journal import scenes
from tests.support.journal.scenes import D, at
from tests.support.runtime.telling import received


async def administer(url: str, *statements: str) -> None:
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/journal.sqlite"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"ict_test_{uuid.uuid4().hex}"
    await administer(server, f'CREATE DATABASE "{name}"')
    own = database_url(server).set(database=name)
    yield own.render_as_string(hide_password=False)
    await administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def recorded(
    url: str, batches: Sequence[Sequence[Message]], kind: type[JournalSink] = JournalSink
) -> dict[str, list[tuple[object, ...]]]:
    sink = kind(url, rows_per_statement=3)
    await sink.start()
    for batch in batches:
        await sink.write(received(batch))
    await sink.close()
    engine = open_database(url)
    found = await scenes.contents(engine)
    await engine.dispose()
    return found


async def test_day_is_recorded_and_read_back_exactly(url: str) -> None:
    """EXEC-4, DATA-5: what was told comes back as the same structs, every Decimal with its digits."""
    found = await recorded(url, [scenes.day()])
    assert {name: len(rows) for name, rows in found.items()} == {
        "journal_schema": 1, "candles": 6, "missing_candles": 1, "decisions": 6, "judgements": 6, "signals": 1,
        "verdicts": 2, "intents": 1, "orders": 1, "order_history": 4, "fills": 3, "funding": 1, "transfers": 1,
        "equity": 3, "positions": 1, "risk_states": 2, "trades": 1, "alerts": 1, "controls": 1,
    }  # fmt: skip
    async with read.reading(url) as connection:
        (trade,) = await read.trades(connection)
        assert trade == scenes.trade("closed", result=D("19.100"), closed_at=at(3), exit_reason="target")
        assert str(trade.result) == "19.100"
        assert await read.orders(connection) == [scenes.order("FILLED", "0.0150", 2)]
        history = await read.order_history(connection, "ict-1")
        assert [(order.status, str(order.filled)) for order in history] == [
            ("NEW", "0"), ("PARTIALLY_FILLED", "0.0050"), ("PARTIALLY_FILLED", "0.0100"), ("FILLED", "0.0150"),
        ]  # fmt: skip
        assert await read.fills(connection) == [scenes.fill(3), scenes.fill(2), scenes.fill(1)]
        assert [point.equity for point in await read.equity_curve(connection)] == [
            D("10000.00"), D("10001.5"), D("10019.10"),
        ]  # fmt: skip
        assert await read.decisions_by_reason(connection) == {"no_fvg": 5, "no_order_block": 2, "signal": 1}


async def test_queries_keep_to_symbol_and_span(url: str) -> None:
    """An operator asks about one symbol and one span: begin included, end not."""
    await recorded(url, [scenes.day()])
    async with read.reading(url) as connection:
        assert await read.decisions_by_reason(connection, symbol="ETHUSDT") == {"no_fvg": 3}
        assert await read.decisions_by_reason(connection, since=at(2), until=at(3)) == {"no_fvg": 2, "no_order_block": 1}
        assert [point.time for point in await read.equity_curve(connection, since=at(2), until=at(3))] == [at(2)]
        assert await read.trades(connection, symbol="ETHUSDT") == []
        assert await read.trades(connection, until=at(1)) == []
        assert await read.orders(connection, symbol="BTCUSDT", since=at(3)) == []
        assert [fill.id for fill in await read.fills(connection, since=at(2), limit=1)] == ["3"]


async def test_late_redelivery_never_turns_a_state_back(url: str) -> None:
    """Invariant 3: an older state that comes after a newer one changes nothing."""
    messages = scenes.day()
    assert await recorded(url, [messages, messages[::-1], [messages[5]], [messages[7]]]) == await recorded(url, [messages])


class LastWins(JournalSink):
    """The specimen: whatever is told last stands, as a plain upsert would have it."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]  # as the sink itself takes them
        for name in tables.LATEST:
            table = tables.metadata.tables[name]
            statement, keys = sqlite.insert(table), list(table.primary_key)
            new = {column.name: column for column in statement.excluded if column.name not in {key.name for key in keys}}
            last = statement.on_conflict_do_update(index_elements=keys, set_=new)
            self._insertions = {**self._insertions, name: FileInsertion(table, last, self._database.dialect)}


async def test_journal_in_which_the_last_word_wins_is_caught(tmp_path: Path) -> None:
    """Otherwise the test above proves nothing."""
    messages = scenes.day()
    batches = [messages, [messages[5]], [messages[7]]]
    once = await recorded(f"sqlite:///{tmp_path}/once.sqlite", [messages])
    found = await recorded(f"sqlite:///{tmp_path}/specimen.sqlite", batches, LastWins)
    assert {name for name in once if found[name] != once[name]} == {"orders", "trades"}


EDGES = ["0", "-0.00", "1E+3", "1E-18", "0.1000", "123456789012345678.123456789012345678", "-99999999.99999999"]


@pytest.mark.parametrize("digits", EDGES)
async def test_money_is_exact(url: str, digits: str) -> None:
    """Money survives with its value, whatever its size; no double is ever between."""
    await recorded(url, [[scenes.event(scenes.order(), scenes.fill(1, realized=D(digits)))]])
    async with read.reading(url) as connection:
        (fill,) = await read.fills(connection)
        assert fill.realized == D(digits)
        assert type(fill.realized) is Decimal


async def test_message_that_the_database_cannot_take_costs_only_itself(url: str) -> None:
    """One poisoned message must not hold up the journal, and with it, by its bounded queue, trading."""
    impossible = scenes.event(scenes.order(client_id="ict-2", reject_code=2**63))
    before = REGISTRY.get_sample_value("ict_journal_refused_total") or 0.0
    messages = scenes.day()
    found = await recorded(url, [[*messages[:3], impossible, *messages[3:]]])
    assert found == await recorded(url, [messages])
    assert (REGISTRY.get_sample_value("ict_journal_refused_total") or 0.0) == before + 1


async def test_free_text_may_hold_anything(url: str) -> None:
    """An exception's text may carry a NUL, which PostgreSQL has not: it is replaced, and the alert is kept."""
    alert = Alert(severity="info", source="x", key="k\x00", text="bad\x00 byte, '); DROP TABLE alerts; --", time=1)
    found = await recorded(url, [[alert], [alert]])
    assert found["alerts"] == [("x", "k\ufffd", 1, "info", "bad\ufffd byte, '); DROP TABLE alerts; --", None)]


async def test_two_journals_start_at_once(url: str) -> None:
    """A rolling update: both find or make the one schema."""
    sinks = [JournalSink(url) for _ in range(4)]
    if url.startswith("sqlite"):
        await sinks[0].start()  # SQLite has one writer: the schema is the first one's
    await asyncio.gather(*(sink.start() for sink in sinks))
    try:
        for sink in sinks:
            await sink.write(received(scenes.day()))
    finally:
        for sink in sinks:
            await sink.close()
    found = await recorded(url, [])
    assert found["journal_schema"] == [(tables.SCHEMA_VERSION, "sim")]
    assert found == await recorded(url, [scenes.day()]), "each wrote into the one schema, and nothing twice"
    assert len(found["fills"]) == 3


async def test_journal_of_another_version_is_refused(url: str) -> None:
    """The schema is never altered in silence."""
    await recorded(url, [])
    await administer(url, f"UPDATE journal_schema SET version = {tables.SCHEMA_VERSION + 1}")
    sink = JournalSink(url)
    with pytest.raises(JournalSchemaError, match="new database"):
        await sink.start()
    await sink.close()


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ("live/ict/main", "live/ict/main", True),
        ("live/ict/main", "live/ict/second", False),
        ("testnet/ict/main", "live/ict/main", False),
        ("sim/ict/main", "live/ict/main", False),
        ("live/ict/main", "sim/ict/main", False),
        ("sim/ict/main", "paper/ict/main", True),
    ],
)
async def test_the_journal_of_another_account_or_mode_is_refused(url: str, first: str, second: str, taken: bool) -> None:
    """Issue "risk", bad input: the books of a real account have no rows of another."""
    one, other = JournalSink(url, owner=first), JournalSink(url, owner=second)
    await one.start()
    if taken:
        await other.start()
    else:
        with pytest.raises(JournalOwnerError, match=f"the journal of {first} .*journal.url"):
            await other.start()
    for sink in (one, other):
        await sink.close()


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_duplication_and_batching_leaves_the_same_tables(data: st.DataObject) -> None:
    """Invariant 3: at-least-once delivery, each fact once."""
    messages = scenes.day()
    repeats = data.draw(st.lists(st.integers(0, len(messages) - 1), max_size=30))
    told = [*messages]
    for index in repeats:  # a redelivery comes after the first delivery, anywhere
        place = data.draw(st.integers(told.index(messages[index]) + 1, len(told)))
        told.insert(place, messages[index])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(told)), max_size=8)))
    batches = [told[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(told)], strict=True)]

    async def both() -> None:
        with tempfile.TemporaryDirectory() as directory:
            once = await recorded(f"sqlite:///{directory}/once.db", [messages])
            assert await recorded(f"sqlite:///{directory}/again.db", batches) == once

    asyncio.run(both())


@pytest.mark.postgres
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(list(range(len(scenes.day())))), again=st.lists(st.integers(0, 16), max_size=10))
def test_any_order_leaves_the_same_tables_on_both_databases(postgres_url: str, order: list[int], again: list[int]) -> None:
    """Invariant 3, stronger than needed: even the order of messages does not matter, and both databases agree."""
    messages = scenes.day()
    schema = f"ict_test_{uuid.uuid4().hex}"

    async def both() -> None:
        await administer(postgres_url, f'CREATE DATABASE "{schema}"')
        url = database_url(postgres_url).set(database=schema).render_as_string(hide_password=False)
        try:
            with tempfile.TemporaryDirectory() as directory:
                once = await recorded(f"sqlite:///{directory}/once.db", [messages])
            told = [messages[index] for index in (*order, *again)]
            found = await recorded(url, [told[:7], told[7:]])
            numeric = {name: sorted(map(repr, rows)) for name, rows in once.items()}
            assert {name: sorted(map(repr, rows)) for name, rows in found.items()} == numeric
        finally:
            await administer(postgres_url, f'DROP DATABASE "{schema}" WITH (FORCE)')

    asyncio.run(both())


async def test_failed_write_records_nothing_and_the_repeat_all(tmp_path: Path) -> None:
    """The sink's worker tries again for ever: nothing of the failed batch may count, nothing may be missing after it."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    once = await recorded(f"sqlite:///{tmp_path}/once.sqlite", [scenes.day()])
    sink = JournalSink(url)
    await sink.start()
    broken = sqlite3.connect(tmp_path / "journal.sqlite")
    broken.execute("ALTER TABLE trades RENAME TO elsewhere")
    broken.commit()
    with pytest.raises(OperationalError):
        await sink.write(received(scenes.day()))
    assert broken.execute("SELECT count(*) FROM candles").fetchone() == (0,)
    broken.execute("ALTER TABLE elsewhere RENAME TO trades")
    broken.commit()
    broken.close()
    await sink.write(received(scenes.day()))
    await sink.close()
    assert await recorded(url, []) == once


async def test_sqlite_commits_outlive_a_power_failure(tmp_path: Path) -> None:
    """A message is acked when it is written: WAL with synchronous=FULL (2) on every connection."""
    engine = open_database(f"sqlite:///{tmp_path}/journal.sqlite")
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 2
    await engine.dispose()


@pytest.mark.postgres
async def test_start_waits_for_a_database_that_is_away(unused_tcp_port: int) -> None:
    """A service may be started before its database; waiting ends by cancellation only."""
    sink = JournalSink(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/x", first_pause=0.001, longest_pause=0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sink.start(), 0.2)
    await sink.close()


@pytest.mark.parametrize(
    ("given_url", "driver"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///a.db", "sqlite+aiosqlite"),
        ("postgres://u@h/d", "postgresql+asyncpg"),
        ("postgresql://u:p@h:5433/d", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg"),
    ],
)
def test_plain_urls_get_the_asynchronous_driver(given_url: str, driver: str) -> None:
    """DATABASE_URL is written by platforms that know nothing of drivers."""
    assert database_url(given_url).drivername == driver


@pytest.mark.parametrize("wrong", ["mysql://u:hidden@h/d", "sqlite://", "no url", "", "postgresql://u:hidden@h:port/d"])
def test_wrong_url_is_refused_without_its_password(wrong: str) -> None:
    """The message says what is allowed, and shows no secret."""
    with pytest.raises(ValueError, match=r"allowed|sqlite:///") as caught:
        database_url(wrong)
    assert "hidden" not in str(caught.value)


async def test_reading_a_journal_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A mistyped path must not become an empty journal."""
    with pytest.raises(FileNotFoundError, match="no journal"):
        async with read.reading(f"sqlite:///{tmp_path}/none.sqlite"):
            pytest.fail("opened")


async def test_the_stamp_of_the_lane_that_published_is_kept(url: str) -> None:
    """DATA-5: what a lane took for the time stands beside what it said, so that the day can be replayed; NULL if unknown."""
    sink = JournalSink(url)
    await sink.start()
    await sink.write(received([Alert(severity="info", source="s", key="a", text="t", time=1)], at(7)))
    await sink.write(received([Alert(severity="info", source="s", key="b", text="t", time=2)]))
    await sink.close()
    async with read.reading(url) as connection:
        found = await connection.execute(text("select key, stamped_at from alerts order by key"))
        assert [tuple(row) for row in found] == [("a", at(7)), ("b", None)]


async def test_candles_come_back_in_columns_without_the_disputed_ones(url: str) -> None:
    """DATA-5: the hot side of history, page by page, with the order flow that is known."""
    bundles = [scenes.candles(minute) for minute in (1, 2, 3, 5)]
    told = CandleFlow(taker_bought=1e-7, trades=12)
    marked = [
        structs.replace(
            bundle,
            candles=tuple(
                structs.replace(each, state="disputed" if at == 1 else each.state, flow=told if at == 2 else None)
                for each in bundle.candles
            ),
        )
        for at, bundle in enumerate(bundles)
    ]
    await recorded(url, [marked])
    async with read.reading(url) as connection:
        extents = await hot_extents(connection, "1m")
        assert extents == [HotExtent(each, 4, at(0), at(4), 1) for each in ("BTCUSDT", "ETHUSDT")]
        pages = [page async for page in hot_chunks(connection, "BTCUSDT", "1m", 0, at(99), rows=2)]
        assert [page[0].tolist() for page in pages] == [[at(0), at(2)], [at(4)]]
        _, opened, *_, bought, trades = (np.concatenate(each) for each in zip(*pages, strict=True))
        assert opened.tolist() == [1.1, 3.1, 5.1]
        assert np.array_equal(bought, [np.nan, 1e-7, np.nan], equal_nan=True)
        assert np.array_equal(trades, [np.nan, 12, np.nan], equal_nan=True)
        assert [page async for page in hot_chunks(connection, "BTCUSDT", "1m", at(5), at(99))] == []
        assert await hot_extents(connection, "4h") == []


async def test_a_candle_that_was_edited_by_hand_is_refused(tmp_path: Path) -> None:
    """DATA-5: SQLite keeps text in a column of numbers if it is put there."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    await recorded(url, [[scenes.candles(1)]])
    with sqlite3.connect(tmp_path / "journal.sqlite") as database:
        database.execute("UPDATE candles SET high = 'much'")
    async with read.reading(url) as connection:
        with pytest.raises(tables.NotOurs, match="no journal of ours"):
            _ = [page async for page in hot_chunks(connection, "BTCUSDT", "1m", 0, at(9))]
