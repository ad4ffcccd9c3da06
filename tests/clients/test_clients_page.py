"""docs/clients.md says what the clients saw."""

from __future__ import annotations

import pytest

from tests.support.clients.page import missing, of_last_run
from tests.support.processes.answering import MISSING
from tests.support.repository.pure_modules import ROOT


def test_page_says_what_the_clients_saw() -> None:
    if absent := missing():
        pytest.skip(f"{MISSING}outcomes of {', '.join(absent)}")
    committed = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    assert committed == of_last_run(), "write it: python -m tests.support.clients.page docs/clients.md"
