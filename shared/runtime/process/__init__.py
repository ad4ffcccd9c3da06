"""A process: start, signals, health, logs, exit codes."""
