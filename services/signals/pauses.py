"""Obeys an operator's commands that pause one strategy, and knows which strategies are paused (SIG-8). Pure.

Every partition has its own memory and answers for itself: a strategy that is paused everywhere is paused by every lane. What
the configuration pauses (``signals.paused``) no command lifts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from services.signals.overview import PausedStrategy
from services.signals.settings import SignalsSettings
from shared.approval.commands import SEVERITY, CommandJudge, CommandMemory
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.control import OF_STRATEGIES, Alert, Control, Severity

#: Why a command that is the operator's is refused all the same; a word of the alert's key.
Refusal = Literal[
    "unknown_strategy",  # it does not run here
    "unknown_symbol",  # it belongs into this partition and is not traded
    "configured",  # only the configuration ends this pause
    "everywhere",  # it is paused in every symbol: that pause is lifted as a whole
]


@dataclass(frozen=True, slots=True)
class Operator:
    """Whose commands are obeyed. judge: of the signatures. partition_of: where a symbol belongs, also an unknown one."""

    judge: CommandJudge
    partition_of: Callable[[str], int]


class PausesState(msgspec.Struct, omit_defaults=True):
    """Part of the core's state. paused: strategy → symbols in which it is paused, sorted; none named = in every one."""

    commands: CommandMemory = msgspec.field(default_factory=CommandMemory)
    paused: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Pauses:
    """The paused strategies of one partition.

    symbols: of the partition. operator: None = no command is obeyed (backtests). state: None until the first command, so
    that a state in which nobody ever paused anything has the bytes that it had before there were such commands.
    """

    def __init__(
        self, partition: int, symbols: tuple[str, ...], settings: SignalsSettings, operator: Operator | None
    ) -> None:
        self.state: PausesState | None = None
        self._partition: Final = partition
        self._symbols: Final = symbols
        self._strategies: Final = settings.strategies
        self._configured: Final = frozenset(settings.paused)
        self._operator: Final = operator

    def hold(self, strategy: str, symbol: str) -> bool:
        """Return True while the strategy may not signal in the symbol."""
        if strategy in self._configured:
            return True
        symbols = None if self.state is None else self.state.paused.get(strategy)
        return symbols is not None and (not symbols or symbol in symbols)

    def shown(self) -> tuple[PausedStrategy, ...]:
        """Return every pause, sorted; also one of a strategy that was taken out of the settings since."""
        commanded = {} if self.state is None else self.state.paused
        found = [PausedStrategy(name, "", "configuration") for name in self._configured]
        found += [PausedStrategy(name, each, "command") for name, symbols in commanded.items() for each in symbols or ("",)]
        return tuple(sorted(found, key=lambda each: (each.strategy, each.symbol, each.by)))

    def obey(self, control: Control, now: int) -> Iterator[Alert]:
        """Obey a command once and yield its answer, with its id in the key; refuse what may not be. ``now``: UTC ms."""
        operator = self._operator
        if operator is None or control.command not in OF_STRATEGIES:
            return
        if control.symbol is not None and operator.partition_of(control.symbol) != self._partition:
            return  # another lane's affair
        state = self.state = self.state or PausesState()
        fault = operator.judge.judge(control, state.commands, now)
        if fault is not None:
            text = operator.judge.note(fault, control, state.commands, now)
            if text:
                yield self._alert(SEVERITY[fault], f"command_refused.{fault}.{control.id}", text, now)
            return
        assert control.strategy is not None, "the judge refuses it otherwise"
        refused = self._refusal(control.command, control.strategy, control.symbol, state)
        if refused is not None:
            why, text = refused
            text = f"{control.command} by {control.by} is refused: {text}"
            yield self._alert("warning", f"command_refused.{why}.{control.id}", text, now)
            return
        change = _pause if control.command == "pause" else _resume
        did = change(state.paused, control.strategy, control.symbol)
        if control.command == "pause" and control.strategy in self._configured:
            did += "; signals.paused names it, too: that pause ends by configuration alone"
        text = f"{control.command} by {control.by}: {control.reason}; {did}"
        yield self._alert("info", f"control.{control.id}", text, now)

    def _refusal(self, command: str, strategy: str, symbol: str | None, state: PausesState) -> tuple[Refusal, str] | None:
        lifts = command == "resume"
        if strategy not in self._strategies and not (lifts and strategy in state.paused):
            return "unknown_strategy", f"no strategy {strategy!r} runs here; there are: {', '.join(self._strategies)}"
        if symbol is not None and symbol not in self._symbols and not (lifts and symbol in state.paused.get(strategy, ())):
            return "unknown_symbol", f"{symbol} is not traded here; partition {self._partition} has: {_list(self._symbols)}"
        if lifts and strategy in self._configured:
            text = f"signals.paused names {strategy}: take it out there and start signals again; no command ends this pause"
            return "configured", text
        if lifts and symbol is not None and state.paused.get(strategy) == ():
            return "everywhere", f"{strategy} is paused in every symbol: `ict resume --strategy {strategy}` ends that pause"
        return None

    def _alert(self, severity: Severity, key: str, text: str, now: int) -> Alert:
        source = f"signals.p{self._partition}"
        return Alert(severity=severity, source=source, key=key, text=shorten(text, TEXT_LENGTH), time=now)


def _pause(paused: dict[str, tuple[str, ...]], strategy: str, symbol: str | None) -> str:
    """Note a pause; return what was done, in words."""
    known = paused.get(strategy)
    if known == () or (known is not None and symbol in known):
        return f"{strategy} was paused already in {_list(known)}"
    paused[strategy] = () if symbol is None else tuple(sorted({*(known or ()), symbol}))
    return (
        f"{strategy} gives no signal in {_list(paused[strategy])} until `ict resume`; it goes on judging. What rests or is "
        "held stays: `ict cancel` ends entries that rest"
    )


def _resume(paused: dict[str, tuple[str, ...]], strategy: str, symbol: str | None) -> str:
    """Forget a pause; return what was done, in words."""
    known = paused.get(strategy)
    if known is None or (symbol is not None and symbol not in known):
        return f"{strategy} was not paused by command in {symbol or 'any symbol'}"
    left = tuple(each for each in known if symbol is not None and each != symbol)
    if left:
        paused[strategy] = left
        return f"{strategy} gives signals again in {symbol}, and none in {_list(left)}"
    del paused[strategy]
    return f"{strategy} gives signals again in {_list(known)}"


def _list(symbols: tuple[str, ...]) -> str:
    return ", ".join(symbols) or "every symbol"
