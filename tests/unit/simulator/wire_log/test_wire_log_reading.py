"""Wire logs that are torn, of another kind, or of another version."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from simulator.wire_log.reading import WireLogUnreadable, read_wire_log

SESSION = '{"kind":"session","at":1,"version":1,"rest":"https://a","streams":"wss://b"}\n'
REQUEST = '{"kind":"request","at":2,"id":1,"method":"GET","path":"/fapi/v1/time"}\n'


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    """A recording that was killed is worth keeping."""
    path = tmp_path / "a.jsonl"
    path.write_text(SESSION + REQUEST + '{"kind":"answer","at":3,"id":1,"st')
    log = read_wire_log(path)
    assert log.torn
    assert [(each.request.path, each.answer) for each in log.asked] == [("/fapi/v1/time", None)]


def test_a_compressed_file_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((SESSION + REQUEST).encode()))
    assert len(read_wire_log(path).asked) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line names no session"),
        (REQUEST, "its first line names no session"),
        (SESSION.replace('"version":1', '"version":2'), "lines of version 2; this program reads version 1"),
        (SESSION + "open,high,low\n", "a.jsonl:2: JSON is malformed"),
        (SESSION + '{"kind":"answer","at":1}\n', "a.jsonl:2: Object missing required field"),
        (SESSION + '{"kind":"picture","at":1}\n', "a.jsonl:2: Invalid value 'picture'"),
    ],
)
def test_another_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(WireLogUnreadable) as refused:
        read_wire_log(path)
    assert said in str(refused.value)


def test_a_missing_file_and_a_broken_archive_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WireLogUnreadable, match="No such file"):
        read_wire_log(tmp_path / "none.jsonl")
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(SESSION.encode())[:-5])
    with pytest.raises(WireLogUnreadable, match=r"torn\.gz cannot be read"):
        read_wire_log(torn)
