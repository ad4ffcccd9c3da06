"""The journal's schema. Keys are the facts' own ids, so that a fact received twice is one row.

Times are UTC epoch milliseconds. Money and quantities are exact: NUMERIC on PostgreSQL, the decimal's text on SQLite, which
has no decimal type. Prices of the analysis (candles, signals) are doubles, as in the messages.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    func,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

#: Written into the database; a journal of another version is refused at start, never altered in silence.
SCHEMA_VERSION: Final = 8

metadata = MetaData()


class NotOurs(ValueError):
    """A row that no journal writes. The text quotes the value."""


class Money(TypeDecorator[Decimal]):
    """A Decimal that comes back with the same digits."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else f"{value:f}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Without an exponent: PostgreSQL's driver reads 10000 as 1E+4, which equals it but is not what was written.

        Raises NotOurs for text that is no number.
        """
        if value is None:
            return None
        try:
            return Decimal(f"{value:f}" if isinstance(value, Decimal) else value)
        except (ArithmeticError, TypeError, ValueError):
            raise NotOurs(
                f"{value!r:.60} stands where an amount should be; this is no journal of ours, or it was edited"
            ) from None


class Words(TypeDecorator[str]):
    """Free text, from people, exceptions and exchanges. PostgreSQL has no NUL character: it is written as U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else value.replace("\x00", "\ufffd")


#: Compared byte by byte everywhere, whatever the language of the database.
_Sequence: Final = Text().with_variant(Text(collation="C"), "postgresql")


def _table(name: str, *columns: Column[Any]) -> Table:
    """Every key is content-derived: SQLite need not keep a second one beside it."""
    return Table(name, metadata, *columns, sqlite_with_rowid=False)


def _key(name: str, kind: Any = Text) -> Column[Any]:
    # without autoincrement=False an integer key would be drawn from a sequence on PostgreSQL
    return Column(name, kind, primary_key=True, autoincrement=False)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _words(name: str) -> Column[Any]:
    return Column(name, Words, nullable=False)


def _time(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _double(name: str) -> Column[Any]:
    return Column(name, Double, nullable=False)


def _money(name: str) -> Column[Any]:
    return Column(name, Money, nullable=False)


def _stamp() -> Column[Any]:
    """The time of the lane that published the message of the row; NULL: it named none."""
    return Column("stamped_at", BigInteger)


def _cause() -> list[Column[Any]]:
    """Whose an order or a fill is: who made it, what it does for its position, and the trade that it belongs to."""
    return [_text("origin"), _text("purpose"), _text("intent_id")]  # the last two are empty for orders of others


def _order_state() -> list[Column[Any]]:
    return [
        _text("symbol"),
        _text("side"),
        _text("leg"),
        _text("type"),
        _money("quantity"),
        Column("price", Money),
        Column("trigger_price", Money),
        Column("reduce_only", Boolean, nullable=False),
        Column("close_position", Boolean, nullable=False),
        _text("status"),
        _money("filled"),
        _money("average_price"),
        _time("updated_at"),
        Column("reject_code", BigInteger, nullable=False),
        _words("reject_reason"),
        Column("time_in_force", Text),
        _text("working_type"),
        Column("activation", Money),
        Column("callback_rate", Money),
        *_cause(),
        _stamp(),
    ]


schema = _table("journal_schema", _key("version", Integer), _text("owner"))

candles = _table(
    "candles",
    *(_key(name) for name in ("symbol", "timeframe")),
    _key("open_time", BigInteger),
    *(_double(name) for name in ("open", "high", "low", "close", "volume")),
    _text("state"),
    *(Column(name, Double) for name in ("taker_bought", "spread", "imbalance", "funding_rate")),  # NULL: not known
    *(Column(name, BigInteger) for name in ("trades", "funding_time")),
    _stamp(),
)
missing_candles = _table("missing_candles", _key("symbol"), _key("timeframe"), _key("close_time", BigInteger))

# the close time leads the key: ids are hashes, and rows that arrive together should lie together
decisions = _table(
    "decisions",
    _key("close_time", BigInteger),
    _key("id"),
    *(_text(name) for name in ("symbol", "chosen")),  # chosen: the strategy whose signal it is; empty: none
    Column("signal_id", Text),
    _text("reasons"),  # every reason why none is chosen, of the closed vocabulary, comma-separated
    _stamp(),
)
judgements = _table(
    "judgements",  # what each strategy that judged said: a signal, chosen or not, or its reasons, comma-separated
    _key("close_time", BigInteger),
    *(_key(name) for name in ("decision_id", "strategy")),
    *(Column("signal_id", Text), _text("reasons")),
)
signals = _table(
    "signals",
    _key("id"),
    *(_text(name) for name in ("decision_id", "symbol", "strategy", "side")),
    _text("kind"),  # of the entry: market, limit
    *(_double(name) for name in ("price", "stop", "score", "threshold")),
    _text("exits"),  # the ladder, a JSON list of price and share
    Column("break_even_after", Integer, nullable=False),
    *(_time(name) for name in ("close_time", "valid_until", "rests_until", "close_by")),  # the last two: 0 = none
    Column("void_at", Double),  # of a limit entry; NULL: no price ends it
    _text("rests_on"),  # fact ids, a JSON list
    _words("why"),
)
verdicts = _table(
    "verdicts",
    _key("close_time", BigInteger),
    _key("decision_id"),
    _text("symbol"),
    Column("intent_id", Text),
    _text("signature"),
    _text("refusals"),  # of the closed vocabulary, comma-separated
    _words("notes"),  # a JSON list
    _words("checks"),  # a JSON list: every check of risk's gate with its numbers
    _stamp(),
)
intents = _table(
    "intents",
    _key("id"),
    _text("signal_id"),
    _text("symbol"),
    _text("side"),
    _text("leg"),
    _text("strategy"),
    _text("purpose"),
    _text("about"),  # the intent whose position a "close" or "move_stop" is about
    _text("kind"),
    *(_money(name) for name in ("quantity", "price", "bound", "stop", "void_at", "risk_amount", "risk_budget")),
    _text("exits"),  # the ladder, a JSON list of price and share
    Column("break_even_after", Integer, nullable=False),
    *(_time(name) for name in ("close_time", "decided_at", "valid_until", "rests_until", "close_by")),
)
# ``sequence`` orders an order's states by the life cycle itself; see rows.order_sequence
orders = _table("orders", _key("client_id"), Column("sequence", _Sequence, nullable=False), *_order_state())
order_history = _table("order_history", _key("client_id"), _key("sequence", _Sequence), *_order_state())
fills = _table(
    "fills",
    _key("symbol"),  # an exchange numbers the trades of each symbol
    _key("id"),
    _text("client_id"),
    _text("side"),
    *(_money(name) for name in ("quantity", "price", "fee", "realized")),  # the fee in USDT
    Column("maker", Boolean, nullable=False),
    _time("time"),
    _money("commission"),  # what was paid, where that was not USDT
    _text("commission_asset"),
    *_cause(),
    _stamp(),
)
funding = _table(
    "funding",
    _key("symbol"),
    _key("time", BigInteger),
    _key("id"),  # the exchange's, empty without one: each leg of hedge mode pays for itself
    _money("rate"),
    _money("amount"),
    _stamp(),
)
transfers = _table("transfers", _key("id"), _time("time"), _money("amount"), _stamp())
equity = _table("equity", _key("time", BigInteger), _time("asked_at"), _money("wallet"), _money("equity"), _stamp())
positions = _table(
    "positions",
    _key("time", BigInteger),  # of the statement
    _key("symbol"),
    _key("leg"),
    *(_money(name) for name in ("quantity", "entry_price", "mark_price", "unrealized", "liquidation")),
    Column("maintenance_margin", Money),  # NULL: the exchange did not tell
    _money("isolated_wallet"),  # 0: cross
    _stamp(),
)
risk_states = _table(
    "risk_states",
    _key("time", BigInteger),
    _text("kill_switch"),
    _words("reason"),
    *(_money(name) for name in ("equity", "day_start_equity", "day_result")),
    Column("trades_today", Integer, nullable=False),
    Column("open_positions", Integer, nullable=False),
    _stamp(),
)
trades = _table(
    "trades",
    _key("intent_id"),
    Column("sequence", BigInteger, nullable=False),  # see rows.trade_sequence
    _text("symbol"),
    _text("side"),
    _text("leg"),
    _text("state"),
    *(_money(name) for name in ("quantity", "entry_price", "exit_price", "result", "fees", "funding", "risk_amount")),
    *(_time(name) for name in ("opened_at", "closed_at")),
    _words("exit_reason"),
)
alerts = _table(
    "alerts",
    _key("source", Words),
    _key("key", Words),
    _key("time", BigInteger),
    _text("severity"),
    _words("text"),
    _stamp(),
)
controls = _table(
    "controls",
    _key("id", Words),
    _text("command"),
    _words("by"),
    _words("reason"),
    # a command carries no time of its own; this is the database's clock at the first sight of it
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _stamp(),
)

#: Tables whose row is the latest state of its subject: a later ``sequence`` replaces an earlier one.
LATEST: Final = frozenset({"orders", "trades"})
