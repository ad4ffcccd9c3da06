"""`ict parity`: a recorded day replayed gives what was recorded; what was changed in the record is found and told."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from cli.play import demo
from cli.play.market import open_source
from cli.settings import Settings
from cli.wiring import make_memory_bus
from shared.approval.commands import sign
from shared.bus.memory.bus import MemoryBus
from shared.domain.control import Control
from shared.domain.timeframes import DAY, MINUTE
from shared.runtime.process.exits import Exit
from simulator.market.generator import DEFAULT_START
from simulator.recorder import Recorder
from tests.support.processes.fleet import write_config

#: Averages cross often; nothing stops an account that only loses.
TRADED: dict[str, Any] = {
    "symbols": ["BTCUSDT"],
    "signals": {"strategies": ["moving_averages", "ob_fvg"], "moving_averages": {"timeframe": "5m"}},
    "risk": {
        "trades_per_day": 1_000, "max_losing_streak": 100, "daily_loss_limit": 0.9, "halt_loss_limit": 0.95,
        "max_drawdown": 0.95, "max_costs": 10,
    },
}  # fmt: skip
FIRST, SECOND = "2025-01-06", "2025-01-07"
#: When the strategy is paused, and when it goes on, minutes of the second day.
PAUSED, RESUMED = 120, 900


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_config(tmp_path_factory.mktemp("config") / "traded.yaml", TRADED)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of the demo; on the second, a person pauses a strategy and lets it go on."""
    path = tmp_path_factory.mktemp("played") / "journal.sqlite"
    market = {"market": {"days": 2.0}, "journal": {"url": f"sqlite+aiosqlite:///{path}"}, "store": {"url": "memory:"}}
    settings = Settings.model_validate({**TRADED, **market, "layout": "embedded"})
    asyncio.run(_played(settings))
    return path


async def _played(settings: Settings) -> None:
    buses: list[MemoryBus] = []
    sending: list[asyncio.Task[None]] = []

    def make(of: Settings) -> MemoryBus:
        buses.append(make_memory_bus(of))
        return buses[0]

    def on_step(close_time: int) -> None:
        told = {DEFAULT_START + DAY + PAUSED * MINUTE: "pause", DEFAULT_START + DAY + RESUMED * MINUTE: "resume"}
        if close_time in told:
            command = told[close_time]
            control = Control(
                id=f"c-{command}", command=command, by="anna", reason="news", sent_at=close_time, strategy="moving_averages"
            )  # type: ignore[arg-type]  # fmt: skip  # a word of the table above
            sending.append(asyncio.create_task(buses[0].publish([sign(control, settings.command_signer())])))

    await demo.play(
        settings, open_source(settings, {}, None, None), Recorder(None), speed=None, on_step=on_step, make_bus=make
    )
    await asyncio.gather(*sending)


@pytest.fixture
def changed(journal: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copy(journal, tmp_path / "changed.sqlite"))


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def parity(path: Path, config: Path, *more: object, day: str = SECOND) -> tuple[int, dict[str, Any]]:
    result = ict("parity", day, "--journal", f"sqlite:///{path}", "--config", config, "--json", *more)
    assert result.stdout, result.stderr
    return result.exit_code, json.loads(result.stdout)


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement, values).rowcount > 0
        connection.commit()


def one_of(path: Path, query: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute(query).fetchone()[0])


@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_a_day_replayed_decides_and_trades_as_it_was_recorded(journal: Path, config: Path, day: str) -> None:
    """BT-6: decisions, verdicts, orders and fills, on a day with commands as well."""
    code, told = parity(journal, config, day=day)
    assert (code, told["differences"]) == (Exit.OK, [])
    assert told["compared"]["decision"] == told["closes"] == DAY // MINUTE
    assert min(told["compared"].values()) > 0


def test_a_pause_by_command_is_given_again_and_missed_when_it_is_not_recorded(changed: Path, config: Path) -> None:
    """BT-6: the strategy was silent for hours; without the command the replay says what it would have said."""
    change(changed, "DELETE FROM controls WHERE command LIKE 'pause%'")
    code, told = parity(changed, config)
    assert code == Exit.NEGATIVE
    first = told["differences"][0]
    assert first["subject"] == "decision"
    assert first["fields"]["moving_averages"][0] == "paused"
    assert first["fields"]["moving_averages"][1].startswith("signal: ")
    begun = DEFAULT_START + DAY
    of_decisions = [each["time"] for each in told["differences"] if each["subject"] == "decision"]
    assert begun + PAUSED * MINUTE < min(of_decisions) <= max(of_decisions) <= begun + RESUMED * MINUTE


def test_another_reason_is_told_with_the_strategy_the_close_and_both_answers(changed: Path, config: Path) -> None:
    """BT-6: and nothing else differs, because each stage is fed with what was recorded."""
    close = DEFAULT_START + DAY + 15 * MINUTE
    update = "UPDATE judgements SET reasons = 'no_sweep' WHERE close_time = ? AND strategy = 'ob_fvg'"
    change(changed, update, close)
    code, told = parity(changed, config)
    (found,) = told["differences"]
    assert (code, found["subject"], found["time"], found["symbol"]) == (Exit.NEGATIVE, "decision", close, "BTCUSDT")
    assert found["fields"]["ob_fvg"][0] == "no_sweep"


@pytest.mark.parametrize(
    ("subject", "statement", "field"),
    [
        ("verdict", "UPDATE intents SET quantity = '0.001' WHERE id = ?", "quantity"),
        ("order", "UPDATE order_history SET trigger_price = '1' WHERE intent_id = ? AND purpose = 'stop'", "trigger"),
        ("fill", "UPDATE fills SET price = '1' WHERE intent_id = ? AND purpose = 'entry'", "fill 1, price"),
    ],
)
def test_another_size_stop_or_fill_is_found(changed: Path, config: Path, subject: str, statement: str, field: str) -> None:
    """BT-6: each at its own place, with what was recorded and what the replay says."""
    begun = DEFAULT_START + DAY
    query = f"SELECT intent_id FROM fills WHERE purpose = 'entry' AND time > {begun} ORDER BY time LIMIT 1"
    change(changed, statement, one_of(changed, query))
    code, told = parity(changed, config)
    assert code == Exit.NEGATIVE
    assert {each["subject"] for each in told["differences"]} == {subject}
    assert all(field in each["fields"] for each in told["differences"])


def test_the_table_tells_the_first_difference_and_what_was_not_compared(changed: Path, config: Path) -> None:
    """BT-6: a verdict that the journal lost."""
    change(changed, "DELETE FROM verdicts WHERE close_time > ?", DEFAULT_START + DAY + 1_000 * MINUTE)
    result = ict("parity", SECOND, "--journal", f"sqlite:///{changed}", "--config", config)
    assert result.exit_code == Exit.NEGATIVE
    assert "only replayed, not recorded: a verdict" in result.stdout
    assert "The journal keeps no settings" in result.stdout


def test_other_settings_than_those_of_the_day_are_seen(journal: Path, tmp_path: Path) -> None:
    """BT-6: a strategy that was not there is told, whichever side lacks it."""
    other = write_config(tmp_path / "other.yaml", {**TRADED, "signals": {"strategies": ["ob_fvg"]}})
    code, told = parity(journal, other)
    assert code == Exit.NEGATIVE
    assert told["differences"][0]["fields"]["moving_averages"][1] == "nothing"


def test_a_configuration_of_other_symbols_is_compared_where_both_have_one(journal: Path, tmp_path: Path) -> None:
    """BT-6: and what only one of them has is named."""
    more = write_config(tmp_path / "more.yaml", {**TRADED, "symbols": ["BTCUSDT", "ETHUSDT"]})
    code, told = parity(journal, more, day=FIRST)
    assert (code, told["differences"]) == (Exit.OK, [])
    assert any("ETHUSDT, which the journal does not have" in each for each in told["not_compared"])
    none = write_config(tmp_path / "none.yaml", {**TRADED, "symbols": ["ETHUSDT"]})
    result = ict("parity", FIRST, "--journal", f"sqlite:///{journal}", "--config", none)
    assert (result.exit_code, "give the day's with --config" in result.stderr) == (Exit.NEGATIVE, True)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("yesterday",), Exit.USAGE, "write a day like 2025-05-04"),
        (("2025-01-07T12:00",), Exit.USAGE, "write a day like 2025-05-04"),
        (("2025-01-07", "--from", "2025-01-09"), Exit.USAGE, "begin before the day"),
        (("2031-01-01",), Exit.NEGATIVE, "the journal has no decision of this day; it has those of 2025-01-06"),
        (("1999-01-01",), Exit.NEGATIVE, "the journal has no decision of this day"),
        (("2025-01-07", "--from", "2025-01-06T25:00"), Exit.USAGE, "--from"),
    ],
)
def test_a_day_that_cannot_be_replayed_is_refused(
    journal: Path, config: Path, arguments: tuple[str, ...], code: Exit, text: str
) -> None:
    result = ict("parity", *arguments, "--journal", f"sqlite:///{journal}", "--config", config)
    assert (result.exit_code, text in result.stderr) == (code, True), result.stderr


def test_a_replay_that_begins_later_says_what_it_cannot_know(journal: Path, config: Path) -> None:
    """BT-6: history that it was not given makes differences, and the reason stands beside them."""
    _, told = parity(journal, config, "--from", SECOND)
    assert any("is not known to it" in each for each in told["not_compared"])
    assert told["replayed_from"] == DEFAULT_START + DAY


def test_a_journal_that_is_not_there_is_refused(tmp_path: Path, config: Path) -> None:
    result = ict("parity", SECOND, "--journal", f"sqlite:///{tmp_path}/none.sqlite", "--config", config)
    assert (result.exit_code, "there is no journal at" in result.stderr) == (Exit.UNREACHABLE, True)
