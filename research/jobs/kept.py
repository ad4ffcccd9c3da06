"""Outcomes on disk, one file a job, each whole or not there at all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from research.jobs.job import Job, Outcome
from research.whole_file import whole_file

_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


class _File(msgspec.Struct, frozen=True, kw_only=True):
    job: Job
    outcome: Outcome


class Kept:
    """A directory of outcomes. Several processes may write to it at once: the same job leaves the same bytes."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory

    def path(self, job: Job) -> Path:
        """The file of a job; its first two digits are a directory, because a search leaves thousands."""
        return self.directory / job.key[:2] / f"{job.key}.json"

    def get(self, job: Job) -> Outcome | None:
        """The outcome of a job that was done; None for one that was not, or whose file is damaged. Raises OSError."""
        try:
            found = msgspec.json.decode(self.path(job).read_bytes(), type=_File)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found.outcome if found.job.key == job.key else None

    def put(self, job: Job, outcome: Outcome) -> None:
        """Keep an outcome. Raises OSError: no room, no permission."""
        with whole_file(self.path(job)) as file:
            file.write(_ENCODE(_File(job=job, outcome=outcome)) + b"\n")
