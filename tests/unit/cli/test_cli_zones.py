"""``ict zones``: the journal's trades by kill zone and symbol."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from services.journal.sink import JournalSink
from shared.domain.account import AccountState, AccountStatement
from shared.runtime.process.exits import Exit
from tests.support.analysis.clock_candles import utc
from tests.support.journal.scenes import trade
from tests.support.runtime.telling import received

RESULTS = (("i-1", "BTCUSDT", "2026-07-01 06:10", "12.5"), ("i-2", "BTCUSDT", "2026-07-01 08:45", "-10"),
           ("i-3", "ETHUSDT", "2026-07-01 17:00", "4"))  # fmt: skip


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a day of three trades left behind."""
    for name in ("ICT_CONFIG", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    url = f"sqlite:///{tmp_path}/journal.sqlite"

    async def write() -> None:
        sink = JournalSink(url)
        await sink.start()
        for number, (intent, symbol, opened, result) in enumerate(RESULTS, start=1):
            closed = trade(
                "closed", intent_id=intent, symbol=symbol, opened_at=utc(opened), closed_at=utc(opened) + 1,
                result=Decimal(result), risk_amount=Decimal(10),
            )  # fmt: skip
            account = AccountState(time=number, wallet=Decimal(1), equity=Decimal(1))
            stated = AccountStatement(time=number, asked_at=number, account=account, closed_trades=(closed,))
            await sink.write(received([stated]))
        await sink.close()

    asyncio.run(write())
    return url


def test_wins_are_shown_by_zone_and_symbol(journal: str) -> None:
    """ICT-11: 17:00 UTC is 13:00 in New York, between lunch and the afternoon zone."""
    found = msgspec.json.decode(ict("zones", "--journal", journal, "--json").stdout)
    assert [(row["symbol"], row["zone"], row["trades"], row["win_rate"], row["result"]) for row in found] == [
        ("BTCUSDT", "london_open", 2, 0.5, "2.5"),
        ("ETHUSDT", "outside", 1, 1.0, "4"),
    ]
    shown = ict("zones", "--journal", journal, "--symbol", "BTCUSDT", "--to", "2026-07-01T06:30")
    assert shown.exit_code == Exit.OK
    assert "london_open" in shown.stdout
    assert "100%" in shown.stdout
    assert "ETHUSDT" not in shown.stdout


@pytest.mark.parametrize(("column", "value"), [("result", "much"), ("closed_at", "yesterday"), ("state", "undead")])
def test_row_that_no_journal_writes_is_refused_with_its_value(journal: str, column: str, value: str) -> None:
    """Somebody's own table, or an edited one: SQLite keeps any text in any column."""
    with closing(sqlite3.connect(journal.removeprefix("sqlite:///"))) as database:
        database.execute(f"update trades set {column} = ? where intent_id = 'i-1'", (value,))
        database.commit()
    result = ict("zones", "--journal", journal)
    assert result.exit_code == Exit.UNREACHABLE
    assert "the journal cannot be read" in result.output
    assert "this is no journal of ours, or it was edited" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("--journal", "sqlite:////nowhere/at/all.sqlite"), Exit.UNREACHABLE, "no journal at"),
        (("--journal", "mongodb://x"), Exit.USAGE, "no journal for"),
        (("--from", "soon"), Exit.USAGE, "--from soon"),
    ],
)
def test_unreadable_journal_is_refused_with_the_reason(
    journal: str, arguments: tuple[str, ...], code: Exit, named: str
) -> None:
    """Exit codes as everywhere."""
    result = ict("zones", *arguments)
    assert result.exit_code == code
    assert named in " ".join(result.output.split())
