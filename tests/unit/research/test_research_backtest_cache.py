"""The cache on disk: whole entries or none, damage noticed, a bounded size, and no run that ends because of it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from research.backtest.cache import entry
from research.backtest.cache.key import analysis_key, decisions_key
from research.backtest.cache.store import Store
from research.backtest.sections import Sections, sections_of
from tests.support.research.backtests import Scene

KEY, OTHER = b"k" * 32, b"o" * 32
FRAMES = [b"first" * 100, b"", bytes(range(256)) * 300]


class Told(list[str]):
    """The sentences of a store."""


def store(directory: Path, told: list[str], limit: int = 1 << 20) -> Store:
    return Store(directory, limit, told.append)


def keep(store: Store, kind: str = "analyses", key: bytes = KEY, frames: list[bytes] = FRAMES) -> Path | None:
    writing = store.begin(kind, key)
    for frame in frames:
        writing.add(frame)
    writing.finish()
    found = list(store.directory.glob(f"{kind}-{key.hex()}*")) if store.directory.is_dir() else []
    return found[0] if found else None


def test_an_entry_is_read_again(tmp_path: Path) -> None:
    """BT-7: frame by frame, and nothing under another key or kind."""
    told = Told()
    cache = store(tmp_path / "deep" / "cache", told)
    assert cache.find("analyses", KEY) is None
    keep(cache)
    found = cache.find("analyses", KEY)
    assert found is not None
    assert list(found) == FRAMES
    assert (cache.find("analyses", OTHER), cache.find("decisions", KEY), told) == (None, None, [])


def test_an_entry_that_was_not_finished_is_no_entry(tmp_path: Path) -> None:
    """BT-7: a run that was killed or interrupted leaves nothing that is taken for whole."""
    told = Told()
    cache = store(tmp_path, told)
    writing = cache.begin("analyses", KEY)
    writing.add(FRAMES[0])
    assert cache.find("analyses", KEY) is None
    writing.drop()
    writing.add(FRAMES[0])
    writing.finish()
    assert (list(tmp_path.iterdir()), told, writing.lost) == ([], [], True)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda body: body[:-1], "changed or cut"),
        (lambda body: body[:200] + bytes([body[200] ^ 1]) + body[201:], "changed or cut"),
        (lambda body: body[:20], "no entry of this version"),
        (lambda body: b"", "no entry of this version"),
        (lambda body: b"PAR1" + body, "no entry of this version"),
        (lambda body: body.replace(KEY, OTHER), "something else than its name says"),
    ],
    ids=["cut", "a flipped bit", "a head alone", "empty", "of another program", "of another key"],
)
def test_a_damaged_or_foreign_file_is_noticed_removed_and_made_again(tmp_path: Path, damage: object, text: str) -> None:
    """BT-7: with a sentence that names it."""
    told = Told()
    cache = store(tmp_path, told)
    path = keep(cache)
    assert path is not None
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.find("analyses", KEY) is None
    (sentence,) = told
    assert text in sentence
    assert str(path) in sentence
    assert not path.exists()
    assert keep(cache) == path
    assert cache.find("analyses", KEY) is not None


def test_the_size_is_bounded_and_what_was_not_read_for_longest_goes_first(tmp_path: Path) -> None:
    """BT-7: reading an entry makes it the youngest; drafts of runs that were killed go too."""
    told, body = Told(), os.urandom(10_000)
    cache = store(tmp_path, told, limit=35_000)
    keys = [bytes([number]) * 32 for number in range(4)]
    abandoned, of_another = tmp_path / ".analyses-1.kept.7.part", tmp_path / "notes.txt"
    for path in (abandoned, of_another):
        path.write_bytes(body)
        os.utime(path, (time.time() - 100_000,) * 2)
    for age, key in zip((400, 300, 200), keys, strict=False):
        path = keep(cache, key=key, frames=[body])
        assert path is not None
        os.utime(path, (time.time() - age,) * 2)
    assert not abandoned.exists()
    assert cache.find("analyses", keys[0]) is not None
    keep(cache, key=keys[3], frames=[body])
    there = [cache.find("analyses", key) is not None for key in keys]
    assert (there, of_another.exists(), told) == ([True, False, True, True], True, [])


def test_an_entry_larger_than_the_whole_cache_is_not_kept(tmp_path: Path) -> None:
    """BT-7: one entry does not drive out all others to be driven out itself."""
    told = Told()
    cache = store(tmp_path, told, limit=5_000)
    small = keep(cache, key=OTHER, frames=[b"small"])
    assert keep(cache, frames=[os.urandom(3_000), os.urandom(3_000), b"more"]) is None
    assert list(tmp_path.iterdir()) == [small]
    assert len(told) == 1
    assert "backtest.cache_mb" in told[0]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to let a file grow beyond this, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """BT-7: while frames are added, and at the end, when buffers are written out."""
    told = Told()
    cache = store(tmp_path, told)
    with largest_file(1_000):
        assert keep(cache, frames=[os.urandom(20_000), b"more"]) is None
        assert keep(cache, key=OTHER, frames=[os.urandom(2_000)]) is None
    assert list(tmp_path.iterdir()) == []
    assert told == [f"nothing is kept in {tmp_path}: File too large. The run goes on; the next one works it out again"]


def test_a_place_that_is_no_directory_is_a_sentence(tmp_path: Path) -> None:
    """BT-7: the run goes on without."""
    told = Told()
    (tmp_path / "cache").write_text("a file")
    assert keep(store(tmp_path / "cache", told)) is None
    (sentence,) = told
    assert "nothing is kept in" in sentence
    told.clear()
    assert store(tmp_path / "cache", told).find("analyses", KEY) is None
    assert "cannot be read" in told[0]


def sections(**settings: object) -> Sections:
    whole = Scene(settings={"signals": {"strategies": ["ob_fvg"]}, **settings}).whole()
    return sections_of(whole, whole)


def test_the_key_is_of_everything_that_the_contents_rest_on() -> None:
    """BT-7: candles, settings of analysis and signals, partitions; not of risk, costs and exits, which decide nothing."""
    data, usual = {"BTCUSDT": "1", "ETHUSDT": "2"}, sections()
    analysed, decided = analysis_key(usual, ("15m",), data), decisions_key(usual, data, zones=True)
    same = sections(risk={"risk_per_trade": 0.002}, simulator={"slippage_bps": 9})
    assert (analysis_key(same, ("15m",), data), decisions_key(same, data, zones=True)) == (analysed, decided)
    judged = sections(signals={"strategies": ["ob_fvg"], "ob_fvg": {"min_stop_distance": 0.002}})
    assert analysis_key(judged, ("15m",), data) == analysed
    assert decisions_key(judged, data, zones=True) != decided
    for other in (sections(analysis={"swing_length": 4}), sections(partitions={"count": 2})):
        assert analysis_key(other, ("15m",), data) != analysed
        assert decisions_key(other, data, zones=True) != decided
    assert analysis_key(usual, ("5m", "15m"), data) != analysed
    assert analysis_key(usual, ("15m",), {**data, "ETHUSDT": "3"}) != analysed
    assert decisions_key(usual, {**data, "ETHUSDT": "3"}, zones=True) != decided
    assert decisions_key(usual, data, zones=False) != decided


def test_a_draft_takes_its_name_only_at_the_end(tmp_path: Path) -> None:
    """BT-7: another process that looks meanwhile finds nothing half-written."""
    path = tmp_path / "one.kept"
    draft = entry.Draft(path, KEY, 1 << 20)
    draft.add(b"frame", packed=True)
    draft.add(b"lines", packed=False)
    with pytest.raises(FileNotFoundError):
        entry.frames_of(path, KEY)
    draft.finish()
    assert list(entry.frames_of(path, KEY)) == [b"frame", b"lines"]
