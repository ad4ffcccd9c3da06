"""Whether journal, exchange and risk say the same at the end of a drill, to the cent. Pure, but for reading the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

from shared.domain.client_ids import client_order_id
from simulator.ledger.case import Approval
from simulator.ledger.record import Line, Ordered, Wallet

_CENT: Final = Decimal("0.01")
_EIGHTH: Final = Decimal("0.00000001")
#: Side, quantity, price, fee and result of an execution.
_Execution: TypeAlias = tuple[str, Decimal, Decimal, Decimal, Decimal]
_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class JournalRows:
    """What the journal holds. fills: by symbol and the exchange's trade id."""

    intents: list[tuple[str, str, Decimal, int]] = field(default_factory=list)
    fills: dict[tuple[str, int], _Execution] = field(default_factory=dict)
    orders: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    funding: Decimal = _ZERO
    told: set[str] = field(default_factory=set)
    alerts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Books:
    """The account's money at the end, USDT, as each tells it; None = it has not told."""

    start: Decimal
    exchange: Decimal
    ledger: Decimal
    journal: Decimal
    execution: Decimal | None
    risk: Decimal | None


def read_journal(path: Path) -> JournalRows:
    """Read a journal kept in SQLite. Raises sqlite3.Error."""
    rows = JournalRows()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for identity, symbol, quantity, until in database.execute(
            "select id, symbol, quantity, valid_until from intents where purpose = 'enter'"
        ):
            rows.intents.append((identity, symbol, Decimal(quantity), int(until)))
        for symbol, identity, side, *amounts in database.execute(
            "select symbol, id, side, quantity, price, fee, realized from fills"
        ):
            quantity, price, fee, realized = (Decimal(each) for each in amounts)
            rows.fills[symbol, int(identity.rpartition("-")[2])] = (side, quantity, price, fee, realized)
        for client_id, status, filled in database.execute("select client_id, status, filled from orders"):
            rows.orders[client_id] = (status, Decimal(filled))
        for (amount,) in database.execute("select amount from funding"):
            rows.funding += Decimal(amount)
        rows.alerts = [key for (key,) in database.execute("select key from alerts")]
        rows.told = {
            identity for (identity,) in database.execute("select intent_id from trades where state in ('closed', 'failed')")
        }
        rows.told |= {
            intent_id
            for (intent_id,) in database.execute(
                "select intent_id from orders where purpose = 'entry' and status in ('REJECTED', 'EXPIRED', 'CANCELED')"
            )
        }
    return rows


def approvals(rows: JournalRows, lineage: str) -> dict[str, Approval]:
    """Return what was approved, by the client id of its entry. An alert whose key ends with an intent's id tells of it."""
    ends = {key.rpartition(".")[2] for key in rows.alerts if key.startswith(("refused.", "entry_failed"))}
    return {
        client_order_id("e", lineage, identity, "entry"): Approval(
            intent_id=identity, symbol=symbol, quantity=quantity, valid_until=until,
            told=identity in rows.told or identity in ends or any(identity in key for key in rows.alerts),
        )
        for identity, symbol, quantity, until in rows.intents
    }  # fmt: skip


def money_of(lines: Sequence[Line], start: Decimal) -> Decimal:
    """Return the balance that the ledger's executions lead to, funding and settlements that had none included, USDT."""
    balance = start
    for line in lines:
        if isinstance(line, Ordered) and line.trade_id:
            balance += line.realized - line.fee
    return balance


def last_balance(lines: Sequence[Line], start: Decimal) -> Decimal:
    """Return the balance as the exchange stated it last, USDT."""
    return next((each.balance for each in reversed(lines) if isinstance(each, Wallet)), start)


def disagreements(lines: Sequence[Line], rows: JournalRows, books: Books) -> list[str]:
    """Return every difference, as sentences; empty = they agree."""
    found = _of_fills(lines, rows) + _of_orders(lines, rows)
    told: Mapping[str, Decimal | None] = {
        "the sum of the executions": books.ledger,
        "the journal": books.journal,
        "execution's last statement": books.execution,
        "risk's last report": books.risk,
    }
    for who, amount in told.items():
        if amount is None:
            found.append(f"{who} says nothing of the money")
        elif abs(amount - books.exchange) >= _CENT:
            found.append(f"{who} says {amount:.2f} USDT, and the exchange {books.exchange:.2f}")
    return found


def _of_fills(lines: Sequence[Line], rows: JournalRows) -> list[str]:
    traded = {
        (each.symbol, each.trade_id): (each.side, each.filled, each.price, each.fee, each.realized)
        for each in lines
        if isinstance(each, Ordered) and each.trade_id
    }
    found = [f"{symbol}: the journal lacks execution {number}" for symbol, number in traded.keys() - rows.fills.keys()]
    found += [f"{symbol}: the exchange knows no execution {number}" for symbol, number in rows.fills.keys() - traded.keys()]
    return found + [
        f"{key[0]}: execution {key[1]} is {rows.fills[key]} in the journal, and {traded[key]} at the exchange"
        for key in traded.keys() & rows.fills.keys()
        if not _same(traded[key], rows.fills[key])
    ]


def _same(one: _Execution, other: _Execution) -> bool:
    """Side, and every amount to the eighth decimal, which is the last that the exchange tells."""
    return one[0] == other[0] and all(abs(a - b) <= _EIGHTH for a, b in zip(one[1:], other[1:], strict=True))


def _of_orders(lines: Sequence[Line], rows: JournalRows) -> list[str]:
    last = {each.client_id: each for each in lines if isinstance(each, Ordered) and not each.algo_id}
    ours = {client_id: each for client_id, each in last.items() if client_id.startswith("icte")}
    return [
        f"{each.symbol}: order {client_id} is {each.status} with {each.executed} at the exchange, and "
        f"{' with '.join(map(str, known)) if (known := rows.orders.get(client_id)) else 'unknown'} in the journal"
        for client_id, each in ours.items()
        if rows.orders.get(client_id, ("", _ZERO))[1] != each.executed
    ]


def balance_of_journal(rows: JournalRows, start: Decimal) -> Decimal:
    """Return the balance that the journal's fills and funding lead to, USDT."""
    return start + sum((realized - fee for *_, fee, realized in rows.fills.values()), _ZERO) + rows.funding
