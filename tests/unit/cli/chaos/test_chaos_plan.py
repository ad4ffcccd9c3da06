"""The plan of a chaos drill is a pure function of its seed, and strikes everything."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from cli.chaos.faults import FAULTS, LEFT_OUT, fields_of
from cli.chaos.plan import ILLS, OWN, PROCESSES, SERVERS, Wanted, plan
from cli.chaos.symbols import SYMBOLS
from simulator.server.fault_kinds import VOCABULARY
from simulator.server.faults import Fault


def test_the_same_seed_is_the_same_plan_and_another_one_is_another() -> None:
    assert plan(7, Wanted()) == plan(7, Wanted())
    assert plan(7, Wanted()) != plan(8, Wanted())


def test_the_shipped_plan_has_what_it_says() -> None:
    """OPS-9: 24 kills and stops, 40 pairs."""
    kinds = Counter(each.kind for each in plan(1, Wanted()))
    assert kinds["kill"] + kinds["stop"] == 24
    assert (kinds["faults"], kinds["server"], kinds["halt"]) == (40, 6, 2)


@pytest.mark.parametrize("seed", range(5))
def test_every_process_is_killed_and_frozen(seed: int) -> None:
    struck = {(each.kind, each.whom[0]) for each in plan(seed, Wanted()) if each.kind in ("kill", "stop")}
    assert struck == {(kind, name) for kind in ("kill", "stop") for name in PROCESSES}


@pytest.mark.parametrize("seed", range(5))
def test_every_fault_comes_in_a_pair_before_one_comes_twice_more_than_another(seed: int) -> None:
    pairs = [each.faults for each in plan(seed, Wanted()) if each.kind == "faults"]
    assert len({frozenset(each) for each in pairs}) == len(pairs) == 40
    counts = Counter(name for each in pairs for name in each)
    assert set(counts) >= set(FAULTS) - {name for name in FAULTS if counts[name] == 0 and len(FAULTS) % 2}
    assert max(counts.values()) <= 3


def test_all_pairs_are_all_pairs() -> None:
    pairs = {frozenset(each.faults) for each in plan(1, Wanted(pairs=None, kills=0, servers=0, halts=0))}
    assert pairs == {frozenset(each) for each in combinations(FAULTS, 2)}


def test_every_fault_alone_comes_once() -> None:
    alone = [each.faults for each in plan(1, Wanted(pairs=0, singles=None, kills=0, servers=0, halts=0))]
    assert sorted(alone) == sorted((name,) for name in FAULTS)


def test_only_own_servers_are_restarted_and_filled() -> None:
    others = {each.how for each in plan(1, Wanted(servers=50)) if each.kind == "server"}
    assert others == set(ILLS)
    own = {(each.whom[0], each.how) for each in plan(1, Wanted(servers=50, own_servers=True)) if each.kind == "server"}
    assert own == {(server, how) for server in SERVERS for how in (*ILLS, *OWN)}


def test_every_kind_of_the_simulator_is_there_or_has_its_reason() -> None:
    """OPS-9: every fault of the simulator."""
    kinds = {name.partition(",")[0] for name in FAULTS}
    assert kinds | set(LEFT_OUT) == set(VOCABULARY)
    assert not kinds & set(LEFT_OUT)


@pytest.mark.parametrize("name", FAULTS)
def test_the_simulator_takes_every_fault_and_knows_its_symbol(name: str) -> None:
    fault = Fault.model_validate(fields_of(name))
    assert fault.symbol in ("*", *SYMBOLS)
