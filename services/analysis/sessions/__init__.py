"""Time as ICT means it: windows of New York local time, right on every day of the year (ICT-11; ict.md 2.25, 3)."""
