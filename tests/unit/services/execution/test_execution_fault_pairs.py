"""Each known money fault beside each other one, for a long and for a short: the watchman judges."""

from __future__ import annotations

from itertools import combinations

import pytest

from services.execution.core import ExecutionCore
from shared.domain.order_words import Side
from tests.support.execution import specimens
from tests.support.execution.fault_table import BY_NUMBER, ELSEWHERE, FAULTS, IMPOSSIBLE, Fault
from tests.support.execution.scene import play_scene
from tests.support.repository.pure_modules import ROOT

SIDES: tuple[Side, ...] = ("BUY", "SELL")
PAIRS = [pair for pair in combinations(FAULTS, 2) if frozenset(each.number for each in pair) not in IMPOSSIBLE]


def named(pair: tuple[Fault, Fault]) -> str:
    return "+".join(each.number for each in pair)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_with_any_two_faults_the_position_is_protected_and_nothing_is_sent_twice(
    pair: tuple[Fault, Fault], side: Side
) -> None:
    """Invariants 3, 4, 5 and 7, EXEC-2, EXEC-3, EXEC-4: and after the calm the books agree with the exchange."""
    assert play_scene(side, pair) == []


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.number)
def test_with_one_fault_alone_the_same_holds(fault: Fault, side: Side) -> None:
    """Invariants 3, 4, 5 and 7: the scene without a second fault."""
    assert play_scene(side, [fault]) == []


def test_the_table_has_every_fault_and_a_reason_for_each_pair_that_is_left_out() -> None:
    """STYLE: a reason beside each exemption; the faults are 1 to 3, 5, 7 to 13 and 16 to 18."""
    numbers = {int(fault.number.rstrip("abcde")) for fault in FAULTS}
    assert numbers == {1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18}
    assert all(pair <= BY_NUMBER.keys() and why for pair, why in IMPOSSIBLE.items())
    assert all(why and (ROOT / shown).is_file() for why, shown in ELSEWHERE.values())


@pytest.mark.parametrize(
    ("number", "specimen"),
    [
        ("1", specimens.HasNoClock),
        ("2", specimens.BelievesStatementsAtOnce),
        ("3", specimens.WaitsForStatements),
        ("5", specimens.WaitsForAnswers),
        ("7", specimens.SendsAgain),
        ("8", specimens.ForgetsItsDead),
        ("9", specimens.HasNoClock),
        ("10", specimens.AsksNoPrice),
        ("11", specimens.TriesForEver),
        ("12", specimens.DoesNotKnow4130),
        ("13", specimens.TakesAnySignature),
        ("16", specimens.FreezesForGood),
        ("17", specimens.FundsOnlyTheLiving),
        ("18b", specimens.DeafToMarginCalls),
        ("18c", specimens.TakesHedgeLegs),
    ],
)
def test_the_table_catches_the_specimen_of_a_fault(number: str, specimen: type[ExecutionCore]) -> None:
    """STYLE: every checker has a specimen that it must catch; for both sides, beside a fault that it does not have."""
    other = BY_NUMBER["17" if number != "17" else "18b"]
    for side in SIDES:
        assert play_scene(side, [BY_NUMBER[number], other], specimen)
