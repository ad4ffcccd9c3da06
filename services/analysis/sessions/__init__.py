"""Time as ICT means it: windows of New York local time, right on every day of the year (ICT-11; docs/ict.md §9)."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
