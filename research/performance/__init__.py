"""What a run of trading came to: numbers from an equity curve and closed trades.

Money is Decimal until it enters (``EquityCurve.of``, ``TradeResult.of``) and float64 from there on: these are measures,
and no order or balance is ever made of them. A measure that cannot be told is None, never NaN or infinite.
"""
