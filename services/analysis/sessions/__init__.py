"""Time as ICT means it: windows of New York local time, right on every day of the year (ICT-11; ict.md 2.25, 3)."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
