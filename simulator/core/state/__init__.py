"""State of the simulated exchange: symbol books, account ledger, snapshot."""
