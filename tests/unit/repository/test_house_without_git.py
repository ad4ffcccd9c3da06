"""The repository's own tests need no git: a stranger may have an archive of the sources, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository import source_text
from tests.support.repository.source_text import tracked


def test_files_are_the_same_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-10: ``make test`` on a machine that has Python and make alone."""
    with_git = tracked.__wrapped__()
    monkeypatch.setenv("PATH", "")
    assert tracked.__wrapped__() == with_git


def test_sources_that_are_no_clone_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OPS-10: what .gitignore names is left out, in every folder."""
    monkeypatch.setattr(source_text, "ROOT", tmp_path)
    (tmp_path / ".gitignore").write_text(".venv*/\n*.pyc\nout/\n")
    for name in ("a.py", "shared/币.py", "shared/b.pyc", ".venv-3.12/lib/c.py", "shared/out/d.py", "docs/out", "docs/e.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert tracked.__wrapped__() == {".gitignore", "a.py", "shared/币.py", "docs/out", "docs/e.md"}


def test_no_test_asks_git_by_itself() -> None:
    """OPS-10: the list of files has one home, which can do without."""
    asking = [
        path
        for path in source_text.texts()
        if path.suffix == ".py" and '"git"' in path.read_text(encoding="utf-8") and "deploy" not in path.parts
    ]
    assert [path.name for path in asking] == ["source_text.py"]
