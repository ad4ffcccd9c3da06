"""The progress of a long command: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

#: Seconds between two updates of the bar, and between two lines where there is no terminal.
_ON_A_TERMINAL = 0.1
_ELSEWHERE = 5.0


class Bar:
    """Shows how much of ``total`` is done; ``total`` and ``done`` in any unit that only grows.

    ``with Bar(console, "candles", total) as bar: bar.at(done)``
    """

    def __init__(self, console: Console, what: str, total: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            TimeRemainingColumn(), console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._console = console
        self._what = what
        self._total = max(total, 1)
        self._done = 0
        self._shown = time.monotonic()

    def __enter__(self) -> Bar:
        self._bar.start()
        self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.update(self._task, completed=self._total if kind is None else self._done)
        self._bar.stop()

    def step(self, _: object = None) -> None:
        """Add one to what is done; takes and ignores one argument, so that it serves as a callback."""
        self.at(self._done + 1)

    def at(self, done: int) -> None:
        """Set how much is done; a smaller number than before is ignored."""
        self._done = max(done, self._done)
        now = time.monotonic()
        if now - self._shown < (_ON_A_TERMINAL if self._console.is_terminal else _ELSEWHERE):
            return
        self._shown = now
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._done)
        else:
            self._console.print(f"{self._what}: {self._done / self._total:.0%}", highlight=False)
