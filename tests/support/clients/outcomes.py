"""Outcomes of calls, as scripts print them and the page shows them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.support.clients.venvs import HOME

#: What a call can come to: carried out, refused with the code that was expected, no such page, or a fault.
OK, REFUSED, ABSENT, FAILED = "ok", "refused", "absent", "failed"
RESULTS: Final = HOME / "results"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call of one client. ``raised`` names the class of the client's error."""

    call: str
    outcome: str
    code: int | None = None
    detail: str = ""
    raised: str = ""

    @property
    def cell(self) -> str:
        """What the page shows."""
        return {OK: "ok", REFUSED: str(self.code), ABSENT: "not served"}.get(self.outcome, "FAILED")


def keep(client: str, outcomes: list[Outcome]) -> None:
    """Write a client's outcomes where the page is made from."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(asdict(each))}\n" for each in outcomes)
    (RESULTS / f"{client}.jsonl").write_text(lines, encoding="utf-8")


def kept(client: str) -> list[Outcome]:
    """The outcomes of the last run; FileNotFoundError when there was none."""
    return read((RESULTS / f"{client}.jsonl").read_text(encoding="utf-8"))


def forget(client: str) -> None:
    """Remove a client's outcomes, so that a run that ends early leaves none."""
    (RESULTS / f"{client}.jsonl").unlink(missing_ok=True)


def read(text: str) -> list[Outcome]:
    """Parse lines of JSON; other lines are a client's own and skipped."""
    return [Outcome(**json.loads(line)) for line in text.splitlines() if line.startswith('{"call"')]


def failures(outcomes: list[Outcome]) -> list[str]:
    """Calls that had to work and did not, with what was said."""
    return [f"{each.call}: {each.code or ''} {each.detail}" for each in outcomes if each.outcome == FAILED]


def file_of(client: str) -> Path:
    """Where a client's outcomes are kept."""
    return RESULTS / f"{client}.jsonl"
