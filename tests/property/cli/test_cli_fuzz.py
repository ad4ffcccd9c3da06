"""No input of a user ends in a traceback: every command of the tree, with every option, and whatever may be typed there."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from typer.testing import CliRunner

import cli.chaos.running
import cli.data.fetch
import cli.doctor.report
import cli.research.pictures
import cli.run.service
import cli.run.simulator
import cli.status.commands
from cli.entry import accept_any_text
from cli.main import app
from shared.bus.memory.bus import MemoryBus
from shared.bus.rabbitmq.bus import RabbitBus
from shared.runtime.process.exits import Exit
from tests.support.cli.fuzz import arguments_of, leaves, lines_of_a_byte_name, make_files

#: Codes that may answer what a user typed; 70 would be a bug, and 130 needs Ctrl-C.
ANSWERS = {Exit.OK, Exit.NEGATIVE, Exit.USAGE, Exit.CONFIG_INVALID, Exit.UNREACHABLE, Exit.REFUSED}
COMMANDS = dict(leaves())
TYPED = pytest.mark.parametrize("path", list(COMMANDS), ids=" ".join)
#: Where each benchmark begins its work, after it has looked at everything that was typed.
BENCHMARKS = {
    "analysis": "measure",
    "backtest": "measure",
    "codec": "bundle",
    "exchange": "prices",
    "exchange_http": "_measure",
    "exchange_streams": "_measure",
    "execution": "_measure",
    "flood": "measure",
    "ingest": "capacity",
    "pipeline": "_measure",
    "signals": "measure",
}


class Terminal(CliRunner):
    """Click's runner, with outputs that take what the console script's outputs take."""

    @contextmanager
    def isolation(self, *args: Any, **options: Any) -> Iterator[Any]:
        with super().isolation(*args, **options) as streams:
            accept_any_text()
            yield streams


class Started(BaseException):
    """The command took everything that was typed and would begin its work now."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return make_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No broker, no service, no server, no benchmark; nothing is written outside of the test's folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ICT_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "none"))

    async def started(*_: object, **__: object) -> None:
        raise Started

    def begun(*_: object, **__: object) -> None:
        raise Started

    monkeypatch.setattr(MemoryBus, "start", started)
    monkeypatch.setattr(RabbitBus, "start", started)
    monkeypatch.setattr(aio_pika, "connect", started)
    monkeypatch.setattr(cli.run.service, "run_process", begun)
    monkeypatch.setattr(cli.run.simulator, "_serve", started)
    monkeypatch.setattr(cli.data.fetch, "_fetched", started)
    monkeypatch.setattr(cli.doctor.report, "examine", started)
    monkeypatch.setattr(cli.status.commands, "look", begun)
    monkeypatch.setattr(cli.research.pictures, "Specimens", begun)
    monkeypatch.setattr(cli.chaos.running, "run_drill", started)
    for module, function in BENCHMARKS.items():
        monkeypatch.setattr(f"cli.bench.{module}.{function}", begun)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_every_benchmark_is_kept_from_its_work() -> None:
    """OPS-10: a new one has its line above."""
    assert {path[1].replace("-", "_") for path in COMMANDS if path[0] == "bench"} == set(BENCHMARKS)


@pytest.mark.parametrize(
    "words",
    [
        "bench ingest --seconds nan",
        "bench exchange-streams --seconds nan",
        "bench exchange-streams --speed junk",
        "bench exchange-streams --speed nan",
        "exchange record --seconds nan",
        "chaos --plan --minutes nan",
        "chaos --plan --speed nan",
    ],
)
def test_number_that_is_none_is_a_usage_error(words: str) -> None:
    """OPS-10: a limit of click lets nan pass; a process of ours would refuse the speed where nobody sees it."""
    result = Terminal().invoke(app, words.split())
    assert (result.exit_code, words.split()[-2] in result.output) == (Exit.USAGE, True), result.output


def answered(path: tuple[str, ...], arguments: list[str]) -> str | None:
    """What is wrong with the answer to this command line; None when nothing is."""
    result = Terminal().invoke(app, [*path, *arguments], catch_exceptions=True)
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        return f"{type(error).__name__}: {error}"
    if result.exit_code not in ANSWERS:
        return f"exit code {result.exit_code}: {result.output[-500:]}"
    if "Traceback" in result.output:
        return result.output
    if result.exit_code != Exit.OK and not result.output.strip():
        return f"exit code {result.exit_code} without a word"
    return None


@TYPED
def test_no_arguments_of_a_command_end_in_a_traceback(path: tuple[str, ...], files: list[str]) -> None:
    @hypothesis_settings(
        max_examples=int(os.environ.get("FUZZ", "40")), derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(arguments_of(COMMANDS[path], files))
    def holds(arguments: list[str]) -> None:
        try:
            wrong = answered(path, arguments)
        except Started:
            return
        assert wrong is None, f"ict {' '.join([*path, *arguments])!a}: {wrong}"

    holds()


@TYPED
def test_file_name_that_is_no_text_does_not_end_in_a_traceback(path: tuple[str, ...], files: list[str]) -> None:
    for arguments in lines_of_a_byte_name(COMMANDS[path], files):
        try:
            wrong = answered(path, arguments)
        except Started:
            continue
        assert wrong is None, f"ict {' '.join([*path, *arguments])!a}: {wrong}"
