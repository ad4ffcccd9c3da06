"""Garbage is looked for rarely while a tape is played, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from research.backtest.collecting import rarely


@pytest.mark.parametrize(("usual", "meanwhile"), [((700, 10, 10), 50_000), ((90_000, 5, 5), 90_000), ((0, 10, 10), 0)])
def test_the_collector_is_left_as_it_was(usual: tuple[int, int, int], meanwhile: int) -> None:
    """BT-7: also when playing fails; a process that collects more rarely, or not at all, is left so."""

    @rarely()
    def failing() -> None:
        assert gc.get_threshold() == (meanwhile, *usual[1:])
        raise KeyError("meanwhile")

    kept = gc.get_threshold()
    gc.set_threshold(*usual)
    try:
        with pytest.raises(KeyError, match="meanwhile"):
            failing()
        assert gc.get_threshold() == usual
    finally:
        gc.set_threshold(*kept)
