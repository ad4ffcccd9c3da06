"""Why the repository refuses to be read or written; every text says where, and what to type next."""

from __future__ import annotations


class RepositoryRefused(Exception):
    """The repository cannot be read or written. The text names the file, what is wrong with it and what to do."""


class Damaged(RepositoryRefused):
    """A file or a manifest is not what was written."""


class Busy(RepositoryRefused):
    """Another process writes the same series."""
