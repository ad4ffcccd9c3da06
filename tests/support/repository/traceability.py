"""``python -m tests.support.repository.traceability docs/requirements.md``: its last column, from docstrings.

The first columns are written by hand: what a requirement asks, what holds today, in which modules. The last one lists the
test files in which a test's docstring names the requirement's id. ``faults`` says what in the table is not true.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
STATES: Final = ("met", "in part", "later")
_ID: Final = re.compile(r"\b(?:DATA|ICT|SIG|RISK|EXEC|BT|OPS)-\d+\b")
_RANGE: Final = re.compile(r"\b(DATA|ICT|SIG|RISK|EXEC|BT|OPS)-(\d+)\s+to\s+\1-(\d+)\b")
_CODE: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row. ``today``: ``met``, ``in part`` or ``later``, then in words what is missing."""

    id: str
    asks: str
    today: str
    where: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def state(self) -> str:
        """The first words of ``today``, up to the colon."""
        return self.today.partition(":")[0].strip()


def requirements(text: str) -> list[Requirement]:
    """The rows of a table in Markdown whose first cell is a requirement's id."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and _ID.fullmatch(cells[0]) and len(cells) == 5:
            rows.append(Requirement(cells[0], cells[1], cells[2], _codes(cells[3]), _codes(cells[4])))
    return rows


def named_in_tests(tests: Path) -> dict[str, list[str]]:
    """Requirement id → test files, relative to ``tests``, in which the docstring of a test names it; both sorted."""
    found: dict[str, set[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        for id_ in _ids_of_docstrings(path.read_text(encoding="utf-8")):
            found.setdefault(id_, set()).add(path.relative_to(tests).as_posix())
    return {id_: sorted(files) for id_, files in sorted(found.items())}


def refreshed(text: str, named: Mapping[str, Sequence[str]]) -> str:
    """The page with its last column made anew."""
    lines = []
    for line in text.splitlines():
        rows = requirements(line)
        if rows:
            head = line.rstrip().removesuffix("|").rpartition("|")[0]
            files = " ".join(f"`{file}`" for file in named.get(rows[0].id, ()))
            line = f"{head}| {files} |" if files else f"{head}| |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def faults(rows: Sequence[Requirement], named: Mapping[str, Sequence[str]], root: Path) -> list[str]:
    """Everything in the table that is not true, as sentences that say what to do."""
    told = []
    ids = [row.id for row in rows]
    told += [f"{id_}: stands twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    told += [f"{id_}: named by {files[0]}, and has no row" for id_, files in named.items() if id_ not in ids]
    for row in rows:
        if row.state not in STATES:
            told.append(f"{row.id}: state {row.state!r}; write one of {', '.join(STATES)}")
        if row.state != "later" and not row.where:
            told.append(f"{row.id}: {row.state}, and no module is named")
        if row.state == "in part" and not row.today.partition(":")[2].strip():
            told.append(f"{row.id}: in part, and it is not said what is missing")
        told += [f"{row.id}: {place} does not exist" for place in row.where if not (root / place).exists()]
        told += [f"{row.id}: {test} does not exist" for test in row.tests if not (root / "tests" / test).is_file()]
        if row.state == "met" and not named.get(row.id):
            told.append(f"{row.id}: met, and no docstring of a test names it")
        told += [
            f"{row.id}: no docstring in {test} names it any more; run `make docs`"
            for test in row.tests
            if (root / "tests" / test).is_file() and test not in named.get(row.id, ())
        ]
    return told


def main(arguments: Sequence[str]) -> int:
    """Refresh the page; 1 when something in it is not true."""
    if len(arguments) != 1:
        print("usage: traceability.py docs/requirements.md", file=sys.stderr)
        return 2
    page = Path(arguments[0])
    named = named_in_tests(ROOT / "tests")
    text = refreshed(page.read_text(encoding="utf-8"), named)
    page.write_text(text, encoding="utf-8")
    told = faults(requirements(text), named, ROOT)
    for each in told:
        print(each, file=sys.stderr)
    return 1 if told else 0


def _codes(cell: str) -> tuple[str, ...]:
    return tuple(_CODE.findall(cell))


def _ids_of_docstrings(source: str) -> set[str]:
    """The ids that docstrings of tests name; of ``ICT-1 to ICT-3`` all three."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            found |= _ids(ast.get_docstring(node) or "")
    return found


def _ids(text: str) -> set[str]:
    found = set(_ID.findall(text))
    for kind, first, last in _RANGE.findall(text):
        found.update(f"{kind}-{number}" for number in range(int(first), int(last) + 1))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
