"""Exchange access: the port that services call, its types, its settings, and the Binance adapter."""
