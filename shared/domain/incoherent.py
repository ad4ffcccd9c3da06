"""The error for settings that contradict each other. It is in ``shared.domain`` so that every package can raise it."""

from __future__ import annotations

from collections.abc import Mapping


class Incoherent(ValueError):
    """Settings contradict each other; raised by the validator of the settings model that holds them all.

    faults: dotted path of each setting, relative to the model that raises → what is wrong with it. The loader shows each
        fault at the line of its own setting.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {text}" for path, text in faults.items()))
        self.faults = dict(faults)
