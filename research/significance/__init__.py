"""How far a result can be trusted: confidence intervals, luck of the order of trades, luck of the best of many.

Chance comes from the numpy Generator that is handed in, so that the same seed gives the same figures.
"""
