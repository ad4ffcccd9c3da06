"""What only a process shows: a reader that leaves, a closed stdout, a full disk, an output that cannot be made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit
from tests.support.cli.fuzz import make_files
from tests.support.processes.fleet import ICT

#: A terminal that shows nothing but ASCII.
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    make_files(tmp_path)
    return tmp_path / "good.csv"


def run(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*ICT, *arguments], stderr=subprocess.PIPE, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_reader_that_leaves_is_no_crash(good: Path) -> None:
    """As `ict topology | head -1`: the pipe is closed before anything is written."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stdout:
        done = run("topology", stdout=stdout)
    assert done.returncode in (Exit.OK, Exit.NEGATIVE)
    assert done.stderr == b""


def test_closed_stdout_is_no_crash() -> None:
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *ICT, "check"], capture_output=True, timeout=120, check=False)
    assert done.returncode in (Exit.OK, Exit.NEGATIVE)
    assert b"Traceback" not in done.stderr


def test_full_disk_behind_stdout_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("check", stdout=full)
    assert done.returncode != Exit.OK
    assert b"Traceback" not in done.stderr
    assert b"this is a bug" not in done.stderr


def test_out_that_cannot_be_made_is_told(good: Path) -> None:
    done = run("demo", "--data", f"BTCUSDT={good}", "--out", str(good / "below"), stdout=subprocess.PIPE)
    assert done.returncode == Exit.NEGATIVE
    assert b"no directory can be made here" in done.stderr


def test_device_is_not_replaced_by_a_file(good: Path) -> None:
    done = run("analyse", "--data", f"BTCUSDT={good}", "-t", "5m", "--out", "/dev/null", stdout=subprocess.PIPE)
    assert done.returncode == Exit.NEGATIVE
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "arguments", [("data", "check"), ("data", "check", "--json"), ("check", "--config"), ("plot", "--data")]
)
@pytest.mark.parametrize("name", [b"BTCUSDT \xff.csv", "비트코인.csv".encode()], ids=["no text", "Korean"])
def test_name_that_an_ascii_terminal_lacks_is_no_crash(good: Path, arguments: tuple[str, ...], name: bytes) -> None:
    path = good.parent / os.fsdecode(name)
    path.write_bytes(good.read_bytes())
    done = run(*arguments, os.fsencode(path), stdout=subprocess.PIPE, env={**os.environ, **ASCII})
    assert done.returncode in (Exit.OK, Exit.NEGATIVE, Exit.USAGE, Exit.CONFIG_INVALID)
    assert (done.stdout + done.stderr).strip()
    assert b"Traceback" not in done.stderr
    assert b"this is a bug" not in done.stderr


def test_next_line_of_a_name_that_is_no_text_names_that_file_to_a_shell(good: Path) -> None:
    path = good.parent / os.fsdecode(b"BTCUSDT \xffa'.csv")
    path.write_bytes(good.read_bytes())
    done = run("data", "check", os.fsencode(path), stdout=subprocess.PIPE)
    assert done.returncode == Exit.OK
    (line,) = [each for each in done.stdout.splitlines() if each.startswith(b"next: ict demo --data ")]
    word = line.removeprefix(b"next: ict demo --data ")
    shown = subprocess.run([b"bash", b"-c", b"printf %s " + word], capture_output=True, check=True)
    assert shown.stdout == b"BTCUSDT=" + os.fsencode(path)
