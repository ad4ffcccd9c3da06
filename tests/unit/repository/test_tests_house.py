"""Tests stand where their package stands, say their result in their name, and wait for conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.support.repository.house import fixed_sleeps, strays, vague_names
from tests.support.repository.pure_modules import ROOT

TESTS = ROOT / "tests"
#: Files with sleeps of a fixed length that are their subject: path below ``tests`` → why.
SLEEPERS = {
    "unit/shared/runtime/process/test_process_run.py": "the stall that must be seen",
    "integration/services/execution/test_exchange_driver_ends.py": "a process that stands still, a slow exchange",
    "chaos/test_soak_live_feed.py": "hours of faults at drawn moments",
}
FILES = {path: path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py"))}


def names(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


def test_folders_of_tests_mirror_the_packages() -> None:
    """One home each."""
    assert strays(TESTS, ROOT) == []


def test_folder_without_a_package_is_caught(tmp_path: Path) -> None:
    """STYLE: every checker has a specimen."""
    for folder in ("unit/shared/bus", "unit/bus", "property/system"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / "test_a.py").write_text("")
    (tmp_path / "shared" / "bus").mkdir(parents=True)
    assert strays(tmp_path / "tests", tmp_path) == ["unit/bus"]


def test_no_support_module_is_outside_a_folder() -> None:
    """A folder says what a module serves."""
    assert [path.name for path in (TESTS / "support").glob("*.py")] == ["__init__.py"]


def namesakes(paths: Iterable[Path]) -> list[str]:
    """File names that are there more than once: pytest imports tests by name and refuses the second."""
    return sorted(name for name, times in Counter(path.name for path in paths).items() if times > 1)


def test_no_two_files_of_tests_have_one_name() -> None:
    """Seen only when both folders are collected in one run."""
    assert namesakes(FILES) == []


def test_namesakes_are_caught() -> None:
    """STYLE: every checker has a specimen."""
    assert namesakes([Path("unit/test_a.py"), Path("clients/test_a.py"), Path("unit/test_b.py")]) == ["test_a.py"]


def test_no_test_name_begins_with_what() -> None:
    """Subject, condition, result."""
    found = {names(path): vague_names(text) for path, text in FILES.items()}
    assert {name: vague for name, vague in found.items() if vague} == {}


def test_no_test_sleeps_for_a_fixed_time() -> None:
    """A condition is waited for in a loop; a number of seconds is too short on one machine and too long on another."""
    found = {names(path): fixed_sleeps(text) for path, text in FILES.items()}
    assert {name: lines for name, lines in found.items() if lines and name not in SLEEPERS} == {}


def test_vague_name_and_fixed_sleep_are_caught() -> None:
    """STYLE: every checker has a specimen."""
    source = (
        "async def test_what_is_seen():\n    await asyncio.sleep(0)\n    while not done():\n        time.sleep(0.1)\n"
        "    time.sleep(0.2)\n"
    )
    assert vague_names(source) == ["test_what_is_seen"]
    assert fixed_sleeps(source) == [5]
