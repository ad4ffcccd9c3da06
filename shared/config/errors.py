"""The errors of a configuration, as the user reads them: all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One error.

    ``place``: where it stands (``config/sim.yaml:12``, ``environment ICT_MODE``). ``path``: the setting's dotted name.
    ``message``: what is wrong and what is allowed. ``given``: the value as it may be shown; secrets never are.
    """

    place: str
    path: str
    message: str
    given: str | None = None

    def __str__(self) -> str:
        subject = self.path if self.given is None else f"{self.path} = {self.given}"
        return ": ".join(part for part in (self.place, subject, self.message) if part)


class ConfigInvalid(Exception):
    """The configuration has errors. ``str()`` lists them all, each with place, value and what is allowed."""

    def __init__(self, errors: Sequence[Fault]) -> None:
        self.errors = tuple(errors)
        count = f"{len(self.errors)} error" + ("" if len(self.errors) == 1 else "s")
        super().__init__("\n".join((f"configuration invalid, {count}:", *(f"  {error}" for error in self.errors))))
