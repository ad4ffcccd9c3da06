"""The lane: one core, one queue, exactly-once effect."""
