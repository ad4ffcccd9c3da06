"""Runs a process: start, signals, health, logs, exit codes."""
