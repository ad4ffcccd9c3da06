"""The metrics of execution's driver at an exchange."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HALTED: Final = Gauge("ict_execution_entries_halted", "1 while no entry is sent until a person re-arms")
USER_STREAM: Final = Gauge("ict_execution_user_stream", "1 while the user stream is open")
REQUESTS: Final = Counter(
    "ict_execution_requests_total", "Orders, cancels and queries by what became of them", ["act", "ended"]
)
STATEMENTS: Final = Counter(
    "ict_execution_statements_total",
    "Statements of the account asked for, by whether the exchange gave all of it",
    ["ended"],
)
UNWRITTEN: Final = Gauge("ict_execution_inputs_unwritten", "Inputs that the store does not have yet")
OUTBOX: Final = Gauge("ict_execution_outbox_messages", "Messages in memory that the broker does not have yet")
SPILLED: Final = Gauge("ict_execution_outbox_file_bytes", "Messages in the outbox's file, bytes")
DROPPED: Final = Counter(
    "ict_execution_outbox_dropped_total", "Messages dropped because the outbox's file was full, or no queue takes them"
)
REFUSED: Final = Counter(
    "ict_execution_intents_refused_total",
    "Intents and orders of risk that came and were not taken, and bundles of a far future, by reason",
    ["why"],
)
WITHHELD: Final = Counter("ict_execution_entries_withheld_total", "Entries not sent at the last moment, by reason", ["why"])
FROZEN: Final = Counter(
    "ict_execution_freezes_total", "Times that this process stood still for longer than its lease allows"
)
TAKEN: Final = Histogram(
    "ict_execution_input_seconds",
    "Time in which the core takes one input, seconds",
    buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
)
LEFT_OUT: Final = Gauge("ict_execution_symbols_left_out", "Symbols of exchangeInfo that could not be read at the last time")
CLOSED: Final = Gauge("ict_execution_symbols_closed", "Configured symbols that take no entries")
COMMISSION: Final = Gauge(
    "ict_execution_commission_rate", "The account's fee rate, fraction of the notional", ["symbol", "side"]
)
