"""What is known of a strategy before its pause is sent: whether it runs, and which lanes of signals must answer."""

from __future__ import annotations

from cli.run.configuration import refuse
from cli.settings import Settings
from shared.domain.control import Command
from shared.runtime.process.exits import Exit


def require_strategy(settings: Settings, command: Command, strategy: str | None, symbol: str | None) -> None:
    """End the command with exit 2 for a strategy or symbol that does not run, and for a pause that no command ends."""
    known = settings.signals.strategies
    if strategy is None and command == "resume":
        refuse(
            "name the strategy that gives signals again: --strategy ob_fvg; entries that `ict pause` stopped come back by "
            "`ict rearm`",
            Exit.USAGE,
        )
    if strategy is None:
        refuse("--symbol goes with --strategy: `ict pause` alone stops the entries of every symbol", Exit.USAGE)
    if strategy not in known:
        refuse(f"--strategy {strategy}: no such strategy runs; signals.strategies has {', '.join(known)}", Exit.USAGE)
    if symbol is not None and symbol not in settings.symbols:
        refuse(f"--symbol {symbol}: it is not traded; symbols has {', '.join(settings.symbols)}", Exit.USAGE)
    if command == "resume" and strategy in settings.signals.paused:
        refuse(
            f"signals.paused names {strategy}, and no command ends that pause: take it out there, and start signals again",
            Exit.USAGE,
        )


def lanes(settings: Settings, symbol: str | None) -> frozenset[str]:
    """Name the lanes that answer: that of the symbol; without one, each that has a symbol."""
    return frozenset(f"signals.p{settings.partition_of(each)}" for each in ((symbol,) if symbol else settings.symbols))
