"""A journal that cannot be opened: the process ends with a sentence, and `ict check` and `ict doctor` know it before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.doctor import services
from cli.main import app
from cli.settings import Settings
from shared.runtime.process.exits import Exit
from tests.support.processes.fleet import ict

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def _directory(at: Path) -> Path:
    (at / "folder").mkdir()
    return at / "folder"


def _text(at: Path) -> Path:
    path = at / "notes.txt"
    path.write_text("no database, and long enough to have a header of one, were it one\n" * 20)
    return path


def _below_a_file(at: Path) -> Path:
    return _text(at) / "journal.sqlite"


def _later_schema(at: Path) -> Path:
    path = at / "later.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE journal_schema (version INTEGER)")
        connection.execute("INSERT INTO journal_schema VALUES (999)")
    connection.close()
    return path


#: What stands where the file should be → that path, and a word of the sentence.
WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a directory": (_directory, "directory"),
    "a text file": (_text, "not a database"),
    "a path below a file": (_below_a_file, "is not a directory"),
    "a file system that takes none": (lambda _: Path("/proc/ict.sqlite"), "/proc"),
}


@pytest.mark.parametrize("what", [*WRONG, "a role that is not there"])
def test_run_ends_with_4_and_a_sentence(what: str, tmp_path: Path, postgres_url: str) -> None:
    """OPS-10, OPS-7: the journal as the store. Exit 4: a dependency cannot be had. No password is shown."""
    server = postgres_url.rpartition("@")[2]
    role = f"postgresql://nobody:hidden@{server}"
    url, word = (f"sqlite:///{WRONG[what][0](tmp_path)}", WRONG[what][1]) if what in WRONG else (role, "nobody")
    said = _run_all(tmp_path, url)
    assert said.startswith("journal.url: ")
    assert word in said
    assert "hidden" not in said
    assert "check the url, its user and permissions" in said


def test_journal_of_another_schema_is_a_sentence(tmp_path: Path) -> None:
    """OPS-10: a journal that a later program wrote is no crash."""
    said = _run_all(tmp_path, f"sqlite:///{_later_schema(tmp_path)}")
    assert "journal of schema 999" in said


def test_a_reader_says_that_the_journal_is_of_another_schema(tmp_path: Path) -> None:
    """OPS-10: and not which column its query misses."""
    url = f"sqlite:///{_later_schema(tmp_path)}"
    read = CliRunner().invoke(app, ["explain", "some-id", "--journal", url])
    assert read.exit_code == Exit.UNREACHABLE
    assert "it is of schema 999" in read.stderr
    assert "read it with the program that wrote it" in read.stderr.replace("\n", " ")


@pytest.mark.parametrize("what", [what for what in WRONG if "system" not in what])
@pytest.mark.parametrize("setting", ["journal.url", "store.url"])
def test_check_refuses_the_file_and_writes_nothing(what: str, setting: str, tmp_path: Path) -> None:
    """OPS-10: what a service refuses at its start, `ict check` refuses with the line."""
    config = _config(tmp_path, setting, f"sqlite:///{WRONG[what][0](tmp_path)}")
    before = _everything_in(tmp_path)
    checked = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert checked.exit_code == Exit.CONFIG_INVALID, checked.stdout
    assert setting in checked.stderr
    assert WRONG[what][1] in checked.stderr
    assert _everything_in(tmp_path) == before


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("name", ["journal", "store"])
async def test_doctor_fails_the_file_and_writes_nothing(what: str, name: str, tmp_path: Path) -> None:
    """OPS-10."""
    path = WRONG[what][0](tmp_path)
    before = _everything_in(tmp_path)
    settings = Settings.model_validate({name: {"url": f"sqlite:///{path}"}})
    outcome = await (services.journal if name == "journal" else services.store)(settings)
    assert outcome.verdict == "fail", outcome.text
    assert WRONG[what][1] in outcome.text
    assert f"{name}.url" in outcome.next
    assert _everything_in(tmp_path) == before


@pytest.mark.parametrize("name", ["journal", "store"])
async def test_doctor_passes_a_database_and_a_place_for_one(name: str, tmp_path: Path) -> None:
    """OPS-10: also one in write-ahead mode that another process has open; nothing is made for the question."""
    path = tmp_path / "there.sqlite"
    ask = services.journal if name == "journal" else services.store
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE t (x)")
    writer.commit()
    try:
        there = await ask(Settings.model_validate({name: {"url": f"sqlite:///{path}"}}))
    finally:
        writer.close()
    coming = await ask(Settings.model_validate({name: {"url": f"sqlite:///{tmp_path}/new/folder/x.sqlite"}}))
    assert (there.verdict, coming.verdict) == ("ok", "ok"), (there, coming)
    assert "will be made" in coming.text
    assert [each.name for each in _everything_in(tmp_path)] == ["there.sqlite"]


def _everything_in(at: Path) -> list[Path]:
    return sorted(at.rglob("*"))


def _config(at: Path, setting: str, url: str) -> Path:
    config = at / "sim.yaml"
    urls = {"store.url": f"sqlite:///{at}/good-store.sqlite", "journal.url": f"sqlite:///{at}/good-journal.sqlite"}
    urls[setting] = url
    lines = [f"{name.partition('.')[0]}: {{url: '{value}'}}" for name, value in urls.items()]
    config.write_text("\n".join(["mode: paper", "layout: embedded", "http: {port: 0}", *lines, ""]))
    return config


def _run_all(at: Path, url: str) -> str:
    """What ``ict run all`` said at last; it must have ended with exit 4 and without a traceback."""
    ended = ict("run", "all", "--config", str(_config(at, "journal.url", url)))
    said = ended.stdout + ended.stderr
    assert ended.returncode == Exit.UNREACHABLE, said
    assert "Traceback" not in said
    assert "process_crashed" not in said
    return ended.stderr.strip().splitlines()[-1]
