"""``ict chaos``: a drill of the whole system against the simulated exchange, under faults, kills and stops."""
