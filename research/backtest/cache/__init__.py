"""What backtests keep on disk by content, so that the next one reads it: analyses, and decisions."""
