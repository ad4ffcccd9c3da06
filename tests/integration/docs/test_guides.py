"""Each guide of docs/guides is followed to the letter on a copy of the source, and its commands are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.support.repository.source_text import ROOT, tracked

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))

_STEP = re.compile(
    r"^(?:In )?\*\*`(?P<path>[^`]+)`\*\*(?: (?P<where>below|above|instead of) `(?P<line>[^\n]+)`)?:\n\n"
    r"```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """A new file, or lines beside the one line of a file that contains ``line``."""

    path: str
    where: Literal["below", "above", "instead of"] | None
    line: str | None
    code: str

    def follow(self, root: Path) -> None:
        """Do it. Raises AssertionError when the file or the line is not there, or the line stands twice."""
        file = root / self.path
        if self.where is None or self.line is None:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.code, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (at,) = [number for number, line in enumerate(lines) if self.line in line] or [-1]
        assert at >= 0, f"{self.path} has no line with {self.line}"
        start, end = {"below": (at + 1, at + 1), "above": (at, at), "instead of": (at, at + 1)}[self.where]
        lines[start:end] = [self.code]
        file.write_text("".join(lines), encoding="utf-8")


def steps(guide: str) -> Iterator[Step]:
    """The steps of a guide, in order."""
    for found in _STEP.finditer(guide):
        yield Step(found["path"], found["where"], found["line"], found["code"])  # type: ignore[arg-type]  # the pattern's words


def commands(guide: str) -> list[str]:
    """The commands that a guide tells to run, in order."""
    return [line for block in _COMMANDS.findall(guide) for line in block.splitlines() if line]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository without its history, with the interpreter of this run as its virtual environment."""
    for name in tracked():
        if not name.endswith((".png", ".lock")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name, module in (("python", ""), ("ict", " -m cli")):
        script = scripts / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable}{module} "$@"\n')
        script.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_works_as_written(guide: Path, copy: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    to_do = list(steps(text))
    assert len(to_do) == text.count("```python\n"), "a block of code stands without a line that says where it goes"
    assert len(commands(text)) >= 2
    for step in to_do:
        step.follow(copy)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ICT_", "PYTEST_"))}
    environment |= {"PYTHONPATH": str(copy), "PYTHONSAFEPATH": "", "COLUMNS": "200"}
    for command in commands(text):
        done = subprocess.run(command, shell=True, cwd=copy, env=environment, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def test_a_step_for_a_line_that_is_not_there_is_caught(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("a = 1\n")
    with pytest.raises((AssertionError, ValueError)):
        Step("x.py", "below", "b = 2", "c = 3\n").follow(tmp_path)


def test_there_are_guides_for_strategy_detector_risk_check_and_message() -> None:
    assert {guide.stem for guide in GUIDES} >= {"add-a-strategy", "add-a-detector", "add-a-risk-check", "add-a-message"}
