"""The rules of the ``smartmoneyconcepts`` package, restated, for comparison only (reference docs/ict.md §14).

They look into the future: a swing is drawn on its own candle, the last row of every frame gets an invented one, a label
needs the *next* swing, an order block that failed is erased. The live engine therefore has none of them. Each row here says
the close at which it truly became knowable, and which rows exist only because the data ends where it ends.
"""
