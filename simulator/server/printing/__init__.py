"""How the exchange writes what it says: the fields, in Binance's names, with decimals as strings (docs/binance.md §4)."""
