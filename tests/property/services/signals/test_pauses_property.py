"""Pauses by command, against a set of (strategy, symbol): in whatever order, restarted wherever (SIG-8)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.signals.core import SignalsCore
from services.signals.pauses import Operator, Pauses
from services.signals.settings import SignalsSettings
from shared.domain.control import Control
from shared.domain.timeframes import TIMEFRAMES
from tests.support.approval.pairs import CREDULOUS

SYMBOLS = ("BTCUSDT", "ETHUSDT")
STRATEGIES = ("ob_fvg", "ote")
SETTINGS = SignalsSettings(strategies=STRATEGIES)
OPERATOR = Operator(CREDULOUS, {"BTCUSDT": 0, "ETHUSDT": 0, "SOLUSDT": 1, "XRPUSDT": 0}.__getitem__)
COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["pause", "resume"]),
        st.sampled_from([*STRATEGIES, "grid"]),
        st.sampled_from([None, *SYMBOLS, "SOLUSDT", "XRPUSDT"]),
        st.sampled_from(["good", "good", "good", "bad", ""]),
        st.integers(0, 30),  # of the id: some come twice
    ),
    max_size=30,
)


class Model:
    """What is paused, as plain sets: whole strategies, and (strategy, symbol)."""

    def __init__(self) -> None:
        self.whole: set[str] = set()
        self.single: set[tuple[str, str]] = set()
        self.taken: set[int] = set()

    def take(self, name: str, strategy: str, symbol: str | None, signature: str, number: int) -> None:
        if signature != "good" or symbol == "SOLUSDT" or number in self.taken:
            return
        self.taken.add(number)
        if strategy not in STRATEGIES or (symbol is not None and symbol not in SYMBOLS):
            return
        if symbol is None:
            self.single = {each for each in self.single if each[0] != strategy}
            (self.whole.add if name == "pause" else self.whole.discard)(strategy)
        elif strategy not in self.whole:
            (self.single.add if name == "pause" else self.single.discard)((strategy, symbol))

    def hold(self, strategy: str, symbol: str) -> bool:
        return strategy in self.whole or (strategy, symbol) in self.single


def control(name: Any, strategy: str, symbol: str | None, signature: str, number: int) -> Control:
    return Control(id=f"c{number}", command=name, by="me", reason="", strategy=strategy, symbol=symbol, signature=signature)


@given(commands=COMMANDS)
def test_only_true_commands_change_the_pauses(commands: list[tuple[str, str, str | None, str, int]]) -> None:
    """SIG-8: forged, repeated, foreign and unknown ones change nothing; each is answered by one alert at most."""
    pauses, model = Pauses(0, SYMBOLS, SETTINGS, OPERATOR), Model()
    for each in commands:
        assert len(list(pauses.obey(control(*each), 0))) <= 1
        model.take(*each)
        for strategy in STRATEGIES:
            for symbol in SYMBOLS:
                assert pauses.hold(strategy, symbol) == model.hold(strategy, symbol)


@given(commands=COMMANDS, cut=st.integers(0, 30))
def test_a_restart_anywhere_changes_no_answer(commands: list[tuple[str, str, str | None, str, int]], cut: int) -> None:
    """Invariant 3."""
    whole = SignalsCore(0, SYMBOLS, TIMEFRAMES, SETTINGS, operator=OPERATOR)
    part = SignalsCore(0, SYMBOLS, TIMEFRAMES, SETTINGS, operator=OPERATOR)
    for number, each in enumerate(commands):
        if number == cut:
            successor = SignalsCore(0, SYMBOLS, TIMEFRAMES, SETTINGS, operator=OPERATOR)
            successor.restore(part.snapshot())
            part = successor
        assert list(part.handle(control(*each), 0)) == list(whole.handle(control(*each), 0))
    assert part.snapshot() == whole.snapshot()
    assert part.overview() == whole.overview()
