"""docs/requirements.md says what is true: its modules and tests exist, and what is met is shown by a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository.traceability import ROOT, Requirement, faults, main, named_in_tests, refreshed, requirements

PAGE = ROOT / "docs" / "requirements.md"
#: How many requirements there are of each kind.
COUNTS = {"DATA": 8, "ICT": 15, "SIG": 9, "RISK": 8, "EXEC": 9, "BT": 7, "OPS": 10}


def test_the_table_is_true() -> None:
    """OPS-8: run `make docs` after tests were added, renamed or removed."""
    assert faults(requirements(PAGE.read_text(encoding="utf-8")), named_in_tests(ROOT / "tests"), ROOT) == []


def test_every_requirement_has_a_row() -> None:
    """OPS-8: one that nobody listed would be forgotten."""
    expected = [f"{kind}-{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row.id for row in requirements(PAGE.read_text(encoding="utf-8"))] == expected


TRUE = Requirement("DATA-2", "candles", "met", ("README.md",), ("unit/test_a.py",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text("")
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_a.py").write_text('def test_a():\n    """DATA-2: shown."""\n')
    return tmp_path


def changed(**changes: object) -> Requirement:
    fields = {name: getattr(TRUE, name) for name in Requirement.__slots__}
    return Requirement(**{**fields, **changes})


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (changed(where=("services/gone.py",)), "services/gone.py does not exist"),
        (changed(tests=("unit/test_gone.py",)), "unit/test_gone.py does not exist"),
        (changed(id="DATA-3", tests=()), "DATA-3: met, and no docstring of a test names it"),
        (changed(id="DATA-3"), "no docstring in unit/test_a.py names it any more"),
        (changed(where=()), "met, and no module is named"),
        (changed(today="nearly"), "state 'nearly'"),
        (changed(today="in part"), "it is not said what is missing"),
        (changed(today="in part:"), "it is not said what is missing"),
    ],
)
def test_a_row_that_is_not_true_is_told(root: Path, row: Requirement, told: str) -> None:
    """STYLE: every checker has specimens that it must catch."""
    found = faults([row], named_in_tests(root / "tests"), root)
    assert any(told in each for each in found), found


def test_true_rows_are_left_alone(root: Path) -> None:
    """A row that is later needs neither module nor test."""
    named = named_in_tests(root / "tests")
    assert named == {"DATA-2": ["unit/test_a.py"]}
    later = Requirement("DATA-3", "checks", "later", (), ())
    part = Requirement("DATA-4", "watchdog", "in part: no backoff", ("README.md",), ())
    assert faults([TRUE, later, part], named, root) == []


def test_ids_that_stand_twice_or_nowhere_are_told(root: Path) -> None:
    """A test may not show a requirement that there is not."""
    named = named_in_tests(root / "tests")
    assert faults([TRUE, TRUE], named, root) == ["DATA-2: stands twice"]
    assert faults([], named, root) == ["DATA-2: named by unit/test_a.py, and has no row"]


def test_only_docstrings_of_tests_count(tmp_path: Path) -> None:
    """Naming an id in a comment, in a helper or in the module's docstring shows nothing."""
    (tmp_path / "test_b.py").write_text(
        '"""DATA-1"""\n# DATA-2\ndef helper():\n    """DATA-3"""\n'
        'class TestIt:\n    """DATA-4"""\n    async def test_it(self):\n        """DATA-5, DATA-66; not XDATA-7."""\n'
    )
    (tmp_path / "support.py").write_text('def test_c():\n    """DATA-6"""\n')
    assert named_in_tests(tmp_path) == {"DATA-5": ["test_b.py"], "DATA-66": ["test_b.py"]}


def test_a_range_of_ids_names_each_of_them(tmp_path: Path) -> None:
    """Between ids of one kind only."""
    (tmp_path / "test_c.py").write_text('def test_c():\n    """ICT-9 to ICT-11, DATA-1 to ICT-3."""\n')
    assert sorted(named_in_tests(tmp_path)) == ["DATA-1", "ICT-10", "ICT-11", "ICT-3", "ICT-9"]


def test_the_last_column_is_made_anew_and_the_others_stay() -> None:
    """What people wrote is never touched, nor is the text around the table."""
    head = "# Title\n\n| id | asks | today | where | tests |\n|---|---|---|---|---|\n"
    text = head + "| DATA-2 | candles | met | `a.py` | `old.py` |\n"
    once = refreshed(text, {"DATA-2": ["new.py", "newer.py"]})
    assert once == text.replace("`old.py`", "`new.py` `newer.py`")
    assert refreshed(once, {"DATA-2": ["new.py", "newer.py"]}) == once
    assert requirements(refreshed(once, {}))[0].tests == ()


def test_the_tool_refreshes_the_page_and_fails_when_it_is_not_true(tmp_path: Path) -> None:
    """OPS-8: `make docs` stops with the sentences."""
    page = tmp_path / "requirements.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace("`services/ingest/aggregator.py`", "`services/ingest/gone.py`"))
    assert main([str(page)]) == 1
    assert main([]) == 2
