"""Wiring of the journal: one sink that records everything."""

from __future__ import annotations

from functools import partial

from services.journal.settings import JournalSettings
from services.journal.sink import JournalSink
from shared.config.settings import CommonSettings
from shared.runtime.service import ServiceSpec
from shared.runtime.sink import SinkSpec


def spec(common: CommonSettings, settings: JournalSettings) -> ServiceSpec:
    """The journal's sink."""
    realm = common.realm()
    owner = f"{realm.mode}/{realm.namespace}/{realm.account}"
    sink = SinkSpec(
        "journal",
        "journal",
        partial(JournalSink, settings.url, settings.rows_per_statement, owner=owner),
        max_batch=settings.max_batch,
        linger=settings.linger_seconds,
        complete=True,
    )
    return ServiceSpec(name="journal", group="journal", sinks=(sink,))
