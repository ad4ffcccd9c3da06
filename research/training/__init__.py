"""Models made from recorded candles; what runs live reads only the small JSON that comes out."""
