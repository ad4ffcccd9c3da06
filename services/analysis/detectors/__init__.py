"""One file a concept. A detector sees one candle close at a time and returns the facts that this close made knowable."""
