"""A file is about one thing, and short."""

from __future__ import annotations

from tests.support.repository.source_text import ROOT, sources

#: Lines of a source file at most.
MOST = 300


def test_no_source_file_is_longer_than_three_hundred_lines() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert len(sizes) > 300, "the walk found too few files"
    assert not {name: lines for name, lines in sizes.items() if lines > MOST}
