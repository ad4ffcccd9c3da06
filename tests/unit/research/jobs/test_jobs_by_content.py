"""What reaches another machine: in pieces by their hash, checked there, and computed by the same software or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.jobs import on_node
from research.jobs.by_content import Damaged, Piece, put_together, taken_apart
from research.jobs.packed import Packed
from research.jobs.ray_cluster import NoCluster, OnRay
from research.jobs.running import Play
from research.jobs.software import differences, software
from tests.support.processes.answering import free_port
from tests.support.research.jobs import jobs, playing


@dataclass(frozen=True)
class Adding:
    """Adds a number to the sum of an array."""

    numbers: np.ndarray[Any, np.dtype[np.float64]]

    def __call__(self, job: float) -> float:
        if job < 0:
            raise ValueError("no numbers below zero")
        return float(self.numbers.sum()) + job


def sent(whole: object) -> tuple[str, Callable[[], Sequence[Any]], dict[str, Piece]]:
    """The key of an object, who fetches it, and its pieces by their hash."""
    pieces: dict[str, Piece] = {}
    shared = taken_apart(whole, pieces.__setitem__)
    return shared.key, lambda: [tuple(shared), *(pieces[each] for each in shared.hashes)], pieces


@given(st.lists(st.lists(st.floats(allow_nan=False), max_size=5), max_size=4))
def test_things_taken_apart_are_put_together_and_equal_arrays_are_one_piece(rows: list[list[float]]) -> None:
    """BT-4"""
    whole = [np.array(each, dtype=np.float64) for each in rows]
    pieces: dict[str, Piece] = {}
    shared = taken_apart(whole, pieces.__setitem__)
    found = put_together(shared, [pieces[each] for each in shared.hashes])
    assert [each.tolist() for each in found] == rows
    assert len(pieces) <= len({each.tobytes() for each in whole})
    assert taken_apart([each.copy() for each in whole], pieces.__setitem__).hashes == shared.hashes


def test_candles_of_a_market_are_its_pieces_and_its_backtests_are_the_same_there() -> None:
    """BT-4: the arrays of a node are views of what it received, and nobody writes to them."""
    market = playing(days=0.5)
    key, fetch, pieces = sent(Play(market))
    assert sum(len(each) for each in pieces.values()) == sum(each.nbytes for each in market.tape.columns.values())
    for each in pieces.values():
        each.flags.writeable = False
    (job,) = jobs(market, 1)
    kind, told = on_node.run(software(), key, fetch, pickle.dumps(job))
    assert isinstance(told, bytes)
    assert (kind, pickle.loads(told)) == ("done", market(job.settings, job.span))


def test_a_node_runs_jobs_raises_what_they_raise_and_fetches_what_they_share_once() -> None:
    """OPS-1"""
    key, fetch, _ = sent(Adding(np.array([1.0, 2.0])))
    answers = [on_node.run(software(), key, fetch, pickle.dumps(each)) for each in (0.5, 1.0)]
    assert answers == [("done", pickle.dumps(each, protocol=5)) for each in (3.5, 4.0)]
    kind, told = on_node.run(software(), key, pytest.fail, pickle.dumps(-1.0))
    assert isinstance(told, bytes)
    assert kind == "raised"
    assert repr(pickle.loads(told)) == "ValueError('no numbers below zero')"


def test_a_piece_that_changed_on_its_way_is_not_computed_with() -> None:
    """DATA-5: a bit of the candles, and of what stands beside them."""
    key, fetch, pieces = sent(Adding(np.array([3.0, 4.0])))
    (piece,) = pieces.values()
    with pytest.raises(Damaged, match="16 bytes"):
        put_together(taken_apart(Adding(np.array([3.0, 5.0])), lambda *_: None), [piece])
    other, _, _ = sent(Adding(np.array([1.0])))
    assert on_node.run(software(), other, fetch, b"")[0] == "damaged"
    assert key != other


def test_a_node_with_other_software_runs_nothing() -> None:
    """BT-4: another version of this program, of Python or of what computes."""
    here = software()
    assert differences(here, here) == ""
    kind, told = on_node.run({**here, "numpy": "0.1"}, "", pytest.fail, b"")
    assert (kind, told) == ("other", f"numpy {here['numpy']} instead of 0.1")
    assert on_node.run({**here, "more": "1"}, "", pytest.fail, b"") == ("other", "more none instead of 1")


def test_packed_candles_are_those_of_their_source() -> None:
    """DATA-5: number for number, with the minutes that have none, as often as one asks."""
    tape = playing(days=1.2).tape
    told: list[int] = []
    packed = Packed(tape, told.append)
    assert list(packed.steps()) == list(tape.steps()) == list(packed.steps())
    assert (packed.symbols, packed.first, packed.last, len(packed)) == (tape.symbols, tape.first, tape.last, len(tape))
    assert told == [1440]


@pytest.mark.parametrize("address", ["", "here", "host:", ":6379", "host:http", "host:0", "host:70000", "host:²"])
def test_an_address_that_is_none_is_refused_in_a_sentence(address: str) -> None:
    """OPS-1"""
    with pytest.raises(NoCluster, match="write HOST:PORT"):
        OnRay(address)


def test_an_address_at_which_nobody_listens_is_refused_in_a_sentence() -> None:
    """OPS-1: at once."""
    with pytest.raises(NoCluster, match=r"no Ray answers there \(Connection refused\); start its head with: ray start"):
        OnRay(f"127.0.0.1:{free_port()}")
