"""A span of the journal, on SQLite and PostgreSQL, gives back what was recorded in it: the food of a replay."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.journal import read
from services.journal.database import database_url
from services.journal.sink import JournalSink
from services.journal.span import extent, recorded
from shared.domain.candles import Candle, CandleBundle
from shared.domain.control import Alert, Control
from shared.domain.order_flow import CandleFlow, SettledFunding
from tests.support.journal import scenes
from tests.support.journal.scenes import DAWN, at
from tests.support.runtime.telling import received


async def administer(url: str, statement: str) -> None:
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.sqlite"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"ict_test_{uuid.uuid4().hex}"
    await administer(server, f'CREATE DATABASE "{name}"')
    yield database_url(server).set(database=name).render_as_string(hide_password=False)
    await administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


FLOWING = Candle(
    symbol="BTCUSDT", timeframe="15m", open_time=at(-14), open=1.0, high=2.0, low=0.5, close=1.5, volume=3.0,
    flow=CandleFlow(taker_bought=1.25, trades=7), funding=SettledFunding(rate=0.0001, time=at(-60)),
)  # fmt: skip
COMMANDS = [
    Control(id="c-2", command="pause", by="anna", reason="news", strategy="ob_fvg", symbol="BTCUSDT"),
    Alert(severity="info", source="signals.p0", key="control.c-2", text="paused", time=at(2)),
    Control(id="c-3", command="flatten", by="anna", reason="out"),
    Alert(severity="warning", source="risk", key="command_refused.stale.c-3", text="too late", time=at(2)),
]


async def test_a_span_gives_back_what_was_recorded(url: str) -> None:
    """BT-6: candles with their flow, decisions with their judgements, verdicts with intents, orders, fills, commands."""
    sink = JournalSink(url)
    await sink.start()
    of_quarter = CandleBundle(partition=0, timeframe="15m", close_time=at(1), candles=(FLOWING,))
    await sink.write(received([*scenes.day(), of_quarter, *COMMANDS]))
    await sink.close()
    async with read.reading(url) as connection:
        held = await extent(connection)
        whole = await recorded(connection, DAWN, at(3))
        part = await recorded(connection, at(1), at(2))
    assert (held.owner, held.symbols, held.wallet) == ("sim", ("BTCUSDT", "ETHUSDT"), Decimal("10000.00"))
    assert (held.first_candle, held.first_decision, held.last_decision) == (at(1), at(1), at(3))
    assert whole.candles == (*scenes.candles(1).candles, FLOWING, *scenes.candles(2).candles, *scenes.candles(3).candles)
    assert whole.missing == {("1m", at(1)): ("SOLUSDT",)}
    assert {each.id: each for each in whole.decisions} == {
        each.id: each for minute in (1, 2, 3) for each in scenes.decisions(minute, wish=minute == 1).decisions
    }
    assert sorted((each.verdict for each in whole.verdicts), key=lambda each: each.symbol) == list(
        scenes.verdicts(1).verdicts
    )
    assert [each.order.status for each in whole.orders][-1] == "FILLED"
    assert [each.id for each in whole.fills] == ["1", "2", "3"]
    assert {each.close_time for each in part.candles} == {each.close_time for each in part.decisions} == {at(2)}
    assert part.verdicts == ()
    assert whole.stated == ((at(2), at(2)), (at(3), at(3)))


async def test_a_command_stands_at_the_moment_at_which_it_was_obeyed(url: str) -> None:
    """BT-6: the market's time, not the database's; what was refused is marked, and risk's own orders are left out."""
    sink = JournalSink(url)
    await sink.start()
    await sink.write(received(COMMANDS))
    await sink.close()
    async with read.reading(url) as connection:
        at_the_time = await recorded(connection, at(1), at(2))
        ever = await recorded(connection, 0, 2**62)
    (paused,) = at_the_time.commands
    assert (paused.words, paused.by, paused.at, paused.refused) == (("pause", "ob_fvg", "BTCUSDT"), "anna", at(2), False)
    assert {each.id: each.refused for each in ever.commands} == {"c-2": False, "c-3": True}


async def test_an_empty_journal_has_no_extent(url: str) -> None:
    sink = JournalSink(url)
    await sink.start()
    await sink.close()
    async with read.reading(url) as connection:
        held = await extent(connection)
    assert msgspec.structs.astuple(held) == ("sim", None, None, None, (), None)
