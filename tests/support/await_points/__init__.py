"""Kills and freezes execution's driver at every point at which it waits, in one process and in virtual time."""
