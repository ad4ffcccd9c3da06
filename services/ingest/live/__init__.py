"""The live feed: streams, watchdogs, order books, backfill."""
