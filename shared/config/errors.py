"""The errors of a configuration, all reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of a configuration.

    ``place``: where the value was written (``config/sim.yaml:12``, ``environment ICT_MODE``). ``path``: the setting's dotted
    name. ``message``: what is wrong and what is allowed. ``given``: the value to show; None for none. Secrets are never
    shown.
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
