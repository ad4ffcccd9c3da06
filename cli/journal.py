"""Why a journal cannot be read, as a refusal with what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from cli.run.configuration import refuse
from services.journal.tables import NotOurs
from shared.runtime.process.exits import Exit


@contextmanager
def refusing_journal() -> Iterator[None]:
    """End the command when reading fails: 2 for a wrong ``--journal``, 4 for a journal that is not there or not ours."""
    try:
        yield
    except NotOurs as error:
        refuse(f"the journal cannot be read: {error}; name another with --journal", Exit.UNREACHABLE)
    except (ValueError, OverflowError) as error:
        refuse(f"--journal: {error}", Exit.USAGE)
    except (OSError, SQLAlchemyError) as error:
        why = getattr(error, "orig", None) or error  # the database's own words, without the statement
        refuse(f"the journal cannot be read: {why}; name another with --journal", Exit.UNREACHABLE)
