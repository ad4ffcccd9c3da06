"""The notebooks of research/notebooks run from the first cell to the last, as they stand, in an empty directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.support.repository.pure_modules import ROOT

NOTEBOOKS = ROOT / "research" / "notebooks"


@pytest.fixture(autouse=True)
def _as_a_user_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The kernel sees this tree, no settings from outside, and keeps its files to itself."""
    for name in [name for name in os.environ if name.startswith("ICT_") and name != "ICT_NATIVE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def executed(name: str, where: Path) -> list[Any]:
    """The cells of a notebook after they have run in ``where``."""
    book = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(book, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(where)}}).execute()
    return [cell for cell in book.cells if cell.cell_type == "code"]


def printed(cells: list[Any]) -> str:
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs if output.output_type == "stream")


def pictures(cells: list[Any]) -> int:
    return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


def test_the_first_look_shows_candles_facts_and_a_run(tmp_path: Path) -> None:
    """BT-3: every cell ends with a result, and nothing is printed to stderr."""
    cells = executed("first_look.ipynb", tmp_path)
    assert pictures(cells) == 2
    assert all(cell.outputs for cell in cells[2:])
    assert (tmp_path / "runs" / "first" / "result.json").exists()


def test_from_idea_to_evidence_finds_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    """BT-4: unseen candles, random entries, costs and the number of trials are asked; of a made-up market: no."""
    cells = executed("idea_to_evidence.ipynb", tmp_path)
    assert "no evidence" in printed(cells)
    assert pictures(cells) == 1


def test_a_notebook_with_a_cell_that_fails_is_caught(tmp_path: Path) -> None:
    book = nbformat.read(NOTEBOOKS / "first_look.ipynb", as_version=4)
    book.cells = [nbformat.v4.new_code_cell("from research import frames\nframes.read_run('nowhere')")]
    with pytest.raises(CellExecutionError, match="FileNotFoundError"):
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    """What is committed is what a reader runs: no results of another machine."""
    book = nbformat.read(path, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in book.cells if cell.cell_type == "code")
    nbformat.validate(book)
