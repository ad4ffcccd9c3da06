"""A series: what is stored comes back, what is half-written or altered never counts, and little is held."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shared.candles import series as series_module
from shared.candles.errors import Busy, Damaged
from shared.candles.kinds import Chunk, part
from shared.candles.manifest import MANIFEST, Source
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.candles.year_file import GROUP_ROWS
from shared.domain.timeframes import DAY, MINUTE
from tests.support.candles.rows import NEW_YEAR, Held, alike, candles, contents, stored
from tests.support.repository.source_text import ROOT


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return Repository(tmp_path).series("BTCUSDT")


def add(series: Series, *chunks: Chunk) -> None:
    with series.locked():
        series.add(chunks)


def test_a_year_is_one_file_in_zstd_and_comes_back_as_it_was(series: Series) -> None:
    """DATA-5: a file per symbol and year."""
    rows = candles(4_000, NEW_YEAR - 2_000 * MINUTE)
    add(series, rows)
    files = sorted(series.directory.glob("*.parquet"))
    assert [path.name.rpartition("-")[0] for path in files] == ["BTCUSDT-1m-2022", "BTCUSDT-1m-2023"]
    assert {pq.ParquetFile(path).metadata.row_group(0).column(1).compression for path in files} == {"ZSTD"}
    assert alike(stored(series), rows)
    inside = stored(series, NEW_YEAR - 3 * MINUTE, NEW_YEAR + 2 * MINUTE)
    assert inside[0].tolist() == [NEW_YEAR + minute * MINUTE for minute in (-3, -2, -1, 0, 1)]


def test_batches_are_as_small_as_asked_for(series: Series) -> None:
    add(series, candles(2_500))
    assert [len(chunk[0]) for chunk in series.chunks(rows=1_000)] == [1_000, 1_000, 500]


def test_rows_that_are_stored_are_not_stored_again_and_never_changed(series: Series) -> None:
    """DATA-5: history is pinned; what arrives later with other numbers is counted, and told."""
    rows = candles(100)
    add(series, part(rows, 20, 60))
    other = tuple(column.copy() for column in rows)
    other[4][30] += 1.0
    with series.locked():
        tally = series.add([other])
    assert (tally.new, tally.known, tally.differing) == (60, 39, 1)
    assert tally.first_differing == NEW_YEAR + 30 * MINUTE
    assert alike(stored(series), rows)


def test_archives_are_noted_when_their_rows_are_stored(series: Series) -> None:
    source = Source(name="BTCUSDT-1m-2023-01", sha256="0" * 64, rows=10)
    with series.locked():
        series.add([candles(10)], [source])
    assert series.manifest.sources == (source,)


def test_disorder_is_refused_and_leaves_no_file(series: Series) -> None:
    rows = candles(10)
    with series.locked(), pytest.raises(ValueError, match="do not rise"):
        series.add([tuple(column[::-1].copy() for column in rows)])
    assert contents(series.directory) == {}


def test_file_that_no_manifest_names_is_not_read_and_goes_with_the_next_writer(series: Series) -> None:
    """DATA-5: half-written is never taken for whole."""
    add(series, candles(10))
    stray = series.directory / "BTCUSDT-1m-2023-ffffffffffff.parquet"
    stray.write_bytes(b"PAR1 half")
    (series.directory / ".unfinished-2023").write_bytes(b"PAR1 half")
    assert alike(stored(series), candles(10))
    add(series, candles(20))
    assert not stray.exists()
    assert not (series.directory / ".unfinished-2023").exists()
    assert alike(stored(series), candles(20))


def test_writer_that_dies_before_the_manifest_leaves_the_state_of_before(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DATA-5: the manifest is written last."""
    add(series, candles(10))

    def power_cut(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(series_module, "write_manifest", power_cut)
        with pytest.raises(SystemExit):
            add(series, candles(20))
    assert alike(stored(Series(series.directory, "BTCUSDT", "1m")), candles(10))
    add(series, candles(20))
    assert alike(stored(series), candles(20))


def test_altered_file_is_refused_with_the_command_to_type(series: Series) -> None:
    """DATA-5: pinned by hash."""
    add(series, candles(100))
    (path,) = series.directory.glob("*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        stored(Series(series.directory, "BTCUSDT", "1m"))
    assert f"{path} was altered" in str(caught.value)
    assert "ict data fetch BTCUSDT --from DATE" in str(caught.value)
    with pytest.raises(Damaged):
        add(Series(series.directory, "BTCUSDT", "1m"), candles(200))


def test_file_that_is_gone_is_refused(series: Series) -> None:
    add(series, candles(100))
    (path,) = series.directory.glob("*.parquet")
    path.unlink()
    with pytest.raises(Damaged, match="is missing"):
        stored(Series(series.directory, "BTCUSDT", "1m"))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"rows": 100', '"rows": 101', "was altered"),
        ('"format": 1', '"format": 2', "of format 2"),
        ('"name": "BTC', '"name": "../BTC', "no manifest of ours"),
        ("{", "", "no manifest of ours"),
        ('"kind": "1m"', '"kind": "7m"', "no manifest of ours"),
    ],
)
def test_altered_manifest_is_refused(series: Series, before: str, after: str, says: str) -> None:
    """DATA-5: a change by hand is noticed, and a name never leads elsewhere."""
    add(series, candles(100))
    path = series.directory / MANIFEST
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(Damaged, match=says) as caught:
        stored(series)
    assert str(path) in str(caught.value)
    assert json.loads(text)["manifest"]["symbol"] == "BTCUSDT"


def test_second_writer_is_told_to_wait(series: Series) -> None:
    with series.locked(), pytest.raises(Busy, match="wait for its end"), Series(series.directory, "BTCUSDT", "1m").locked():
        raise AssertionError("two writers")


_FILLS = """
import resource, sys
from pathlib import Path
from shared.candles.repository import Repository
from tests.support.candles.rows import candles
series = Repository(Path(sys.argv[1])).series("BTCUSDT")
with series.locked():
    series.add([candles(1_000)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
    try:
        series.add([candles(60_000)])
    except OSError as error:
        print(error.strerror)
"""


def test_disk_that_fills_leaves_the_state_of_before(series: Series) -> None:
    """DATA-5: nothing half-done."""
    done = subprocess.run(
        [sys.executable, "-c", _FILLS, str(series.directory.parents[1])],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "File too large\n", done.stderr
    assert alike(stored(series), candles(1_000))
    assert [path.name for path in series.directory.iterdir() if path.name.startswith(".unfinished")] == []


def test_rows_held_do_not_grow_with_the_range(series: Series) -> None:
    """DATA-5, DATA-6: a writer holds a row group and two chunks, a reader one batch, of half a year as of a year."""
    whole = candles(GROUP_ROWS * 8)
    small = (part(whole, begin, begin + 1_000) for begin in range(0, GROUP_ROWS * 8, 1_000))
    written = Held()
    with series.locked():
        series.add(written.watched(small))
    assert 0 < written.most <= GROUP_ROWS + 3_000
    del whole
    read = Held()
    assert sum(len(chunk[0]) for chunk in read.watched(series.chunks(rows=1_000))) == GROUP_ROWS * 8
    assert read.most <= 2_000


def test_reader_that_holds_the_whole_range_is_caught(series: Series) -> None:
    """STYLE: the specimen of the test before: a list of all chunks."""
    add(series, candles(10_000))
    read = Held()
    assert len(list(read.watched(series.chunks(rows=1_000)))) == 10
    assert read.most == 10_000


_MEMORY = """
import sys
from pathlib import Path
import pyarrow as pa
from shared.candles.repository import Repository
from shared.domain.timeframes import MINUTE
from tests.support.candles.rows import NEW_YEAR, candles
series = Repository(Path(sys.argv[1])).series("BTCUSDT")
with series.locked():
    series.add(candles(1_000, NEW_YEAR + begin * MINUTE) for begin in range(0, int(sys.argv[2]), 1_000))
assert sum(len(chunk[0]) for chunk in series.chunks(rows=1_000)) >= int(sys.argv[2])
print(pa.default_memory_pool().max_memory())
"""


def test_arrow_memory_does_not_grow_with_the_range(tmp_path: Path) -> None:
    """DATA-6: what pyarrow itself held at most while a file was written and read again; a process of its own counts it."""
    rows = GROUP_ROWS * 12
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(tmp_path), str(rows)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert 0 < int(done.stdout or "0") < rows * 6 * 8 / 2, done.stderr


def test_universe_of_a_past_day_has_what_was_delisted_since(tmp_path: Path) -> None:
    """DATA-7: no survivorship bias."""
    repository = Repository(tmp_path)
    for symbol, first in (("ETHUSDT", 0), ("LUNAUSDT", 0), ("NEWUSDT", 40)):
        add(repository.series(symbol), candles(1_440 if symbol == "LUNAUSDT" else 1_440 * 60, NEW_YEAR + first * DAY))
    assert repository.listed(NEW_YEAR, NEW_YEAR + DAY) == ["ETHUSDT", "LUNAUSDT"]
    assert repository.listed(NEW_YEAR + 50 * DAY, NEW_YEAR + 51 * DAY) == ["ETHUSDT", "NEWUSDT"]
