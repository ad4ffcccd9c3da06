"""Markets to play: generated candles and funding rates."""
