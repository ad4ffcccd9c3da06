"""The watchman sees: guardians with one fault each are caught, and the shipped one is not (EXEC-3)."""

from __future__ import annotations

import pytest

from services.guardian.core import GuardianCore
from tests.support.guardian.histories import play
from tests.support.guardian.specimens import SPECIMENS
from tests.support.guardian.world import World


@pytest.mark.parametrize("fault", SPECIMENS)
def test_a_guardian_with_a_fault_is_caught(fault: str) -> None:
    """EXEC-3, invariant 4."""
    make, history, said = SPECIMENS[fault]
    world = World(make)
    play(world, history)
    assert any(said in each for each in world.judge_the_end()), world.judge_the_end()


@pytest.mark.parametrize("fault", SPECIMENS)
def test_the_shipped_guardian_comes_through_the_same(fault: str) -> None:
    """EXEC-3, invariant 4."""
    world = World(GuardianCore)
    play(world, SPECIMENS[fault][1])
    assert world.judge_the_end() == []
