"""The candle repository: whole history in Parquet, pinned by hash, funding rates beside the candles, one reader."""
