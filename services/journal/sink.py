"""The journal's sink: messages into SQL, each fact once, whatever is redelivered in whatever portions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import structlog
from prometheus_client import Counter
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from services.journal.database import Writer, database_url, open_writer
from services.journal.insertion import Insertion, insertions
from services.journal.rows import rows
from services.journal.tables import SCHEMA_VERSION, metadata, schema
from shared.domain.backoff import Backoff
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.sink import Received

log = structlog.get_logger(__name__)

_REFUSED: Final = Counter("ict_journal_refused_total", "Messages left out because the database can never take them")

#: Two services that start at once must not both create the schema. Any number will do, as long as all use the same.
_SCHEMA_LOCK: Final = 7_310_579
#: Classes of PostgreSQL's codes: data exception, integrity constraint violation.
_CONTENT_CLASSES: Final = frozenset({"22", "23"})
#: PostgreSQL is starting, stopping or full of connections: it will pass. (Codes: PostgreSQL manual, appendix A.)
_PASSING_STATES: Final = frozenset({"57P03", "57P01", "57P02", "53300"})
_WHAT_TO_DO: Final = "check the url, its user and permissions"


class JournalRefused(Leave):
    """The database cannot be opened, and waiting does not help: it ends the process. The text says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(Exit.UNREACHABLE, f"journal.url: {reason}")


class JournalSchemaError(JournalRefused):
    """The database holds a journal of another version; the text says what to do."""


class JournalOwnerError(JournalRefused):
    """The database holds the journal of another account or mode, one of the two a real exchange's."""


class JournalSink:
    """Records messages in the database at ``url``. Raises ValueError for a url that no journal can be kept at.

    ``write`` raises what the database raises, and nothing of that batch is then recorded: the caller tries it again.
    """

    def __init__(
        self,
        url: str,
        rows_per_statement: int = 500,
        first_pause: float = 0.1,
        longest_pause: float = 5.0,
        *,
        owner: str = "sim",
    ) -> None:
        """owner: mode, namespace and account, as ``live/ict/main``; the first to write names itself in the database."""
        self._create = partial(_create, owner)
        self._where = database_url(url).render_as_string(hide_password=True)
        self._database: Writer = open_writer(url)
        self._rows_per_statement = rows_per_statement
        self._backoff = Backoff(first_pause, longest_pause)
        self._insertions: Mapping[str, Insertion] = insertions(self._database.dialect)

    async def start(self) -> None:
        """Wait for the database as long as it takes; create the schema where there is none.

        Raises JournalRefused when it answers and refuses us, or when the file cannot be opened.
        """
        pauses = self._backoff.pauses()
        while True:
            try:
                await self._database.transaction(self._create)
            except (DBAPIError, OSError) as error:
                if not self._passes(error):
                    raise JournalRefused(f"{self._where}: {_first_line(error)}; {_WHAT_TO_DO}") from error
                pause = next(pauses)
                log.warning("journal_database_away", error=type(error).__name__, seconds=pause)
            else:
                return
            await asyncio.sleep(pause)

    def _passes(self, error: DBAPIError | OSError) -> bool:
        """True when waiting helps: nobody listens yet, or the server says that it is not ready."""
        if isinstance(error, OSError):
            return self._database.dialect.name != "sqlite"  # there it is the file system that refuses
        return getattr(error.orig, "sqlstate", None) in _PASSING_STATES

    async def write(self, received: Sequence[Received]) -> None:
        """Record all messages in one transaction; what is known already changes nothing.

        A message that the database can never take (a number beyond its types, say) must not hold up all that follow: the
        batch is then written message by message, and that one is counted, logged and left out.
        """
        try:
            await self._record(received)
        except (StatementError, OverflowError, UnicodeError) as error:
            if not _content_at_fault(error):
                raise
            if len(received) > 1:
                for each in received:
                    await self.write([each])
                return
            _REFUSED.inc()
            reason = str(error.__cause__ or error)
            log.critical("journal_message_refused", message_id=received[0].message.message_id, reason=reason)

    async def _record(self, received: Sequence[Received]) -> None:
        found = rows((each.message, each.stamped_at) for each in received)
        if not any(found.values()):
            return

        def write(connection: Connection) -> None:
            for table, insertion in self._insertions.items():
                told = found.get(table, [])
                for first in range(0, len(told), self._rows_per_statement):
                    insertion.write(connection, told[first : first + self._rows_per_statement])

        await self._database.transaction(write)

    async def close(self) -> None:
        await self._database.close()


def _content_at_fault(error: Exception) -> bool:
    """True when the same rows can never be written: the next try would fail like this one."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return isinstance(error, DataError | IntegrityError) or state[:2] in _CONTENT_CLASSES
    return True  # a value that never reached the database: the driver or we could not encode it


def _first_line(error: DBAPIError | OSError) -> str:
    """What the driver or the operating system says."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return next(iter(str(cause).strip().splitlines()), "") or type(cause).__name__


def _create(owner: str, connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
    metadata.create_all(connection)
    version = connection.execute(select(schema.c.version)).scalar()
    if version is None:
        connection.execute(insert(schema), {"version": SCHEMA_VERSION, "owner": owner})
        return
    if version != SCHEMA_VERSION:
        raise JournalSchemaError(
            f"the database holds a journal of schema {version}, this program writes schema {SCHEMA_VERSION}: "
            "point the journal's url at a new database, or run the program that wrote it"
        )
    other = connection.execute(select(schema.c.owner)).scalar_one()
    if other != owner and not (_simulated(owner) and _simulated(other)):
        raise JournalOwnerError(
            f"the database holds the journal of {other} (mode/namespace/account), this is {owner}: point journal.url (or "
            "DATABASE_URL) at a database of its own"
        )


def _simulated(owner: str) -> bool:
    return owner.partition("/")[0] in ("sim", "paper")
