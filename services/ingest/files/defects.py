"""The exception of a candle file that cannot be read, and how pieces of a file are quoted in a message."""

from __future__ import annotations

from typing import Final

from services.ingest.candle_source import Defect, DefectReason

#: Characters of a file's own text that a message quotes at most.
_QUOTED: Final = 60


class FileDefect(Exception):
    """A file cannot be read. ``defect`` names file, row (1-based data row, 0 for the whole file), reason and what to do."""

    def __init__(self, file: object, reason: DefectReason, text: str, row: int = 0) -> None:
        self.defect = Defect(file=str(file), row=row, reason=reason, text=text)
        super().__init__(str(self.defect))


def quoted(text: object) -> str:
    """Quote a piece of a file: at most 60 characters, and nothing that a terminal would obey."""
    return repr(printable(text, _QUOTED))


def printable(text: object, most: int = 200) -> str:
    """The beginning of a text, without quotes; what cannot be printed is replaced."""
    whole = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(text)[: most + 1])
    return whole if len(whole) <= most else f"{whole[:most]}…"
