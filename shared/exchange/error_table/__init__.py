"""The error table: each code of Binance's futures with class, text and sentence; adapter and simulator read it from here."""
