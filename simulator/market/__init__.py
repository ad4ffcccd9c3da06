"""Sources of market data for simulations: generated candles, and constant or recorded funding rates."""
