"""The matching core of a simulated USDⓈ-M exchange: one account, pure and exact. Enter by ``exchange_core.ExchangeCore``.

How an order becomes a fill, file by file:

1. place: ``matching/placement.py`` takes the request (amendments and cancels too);
2. validate: ``matching/validation.py`` checks form, filters and account; ``matching/fills.py`` liquidity and margin;
3. rest or wait: ``state/exchange_state.py`` puts resting and conditional orders into ``state/symbol_book.py``;
4. trigger: ``matching/matching.py`` finds what a moving price reaches (``matching/candles.py``: within a candle);
5. fill: ``matching/fills.py`` executes against ``matching/liquidity.py``; resting limits fill in ``matching/matching.py``;
6. book: ``state/account_ledger.py`` and ``state/legs.py`` keep the money, ``model/events.py`` defines the events.

``margin/`` holds brackets, margin, funding and liquidation; ``queries.py`` reads the state. Execution's driver
``matching`` (``simulator.matching_driver``: sim, backtest, paper) and the protocol server use this core.
"""
