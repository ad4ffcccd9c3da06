"""Shows what a replay of a recorded day found, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from cli.explain.showing import plain_table
from research.parity.differences import Difference
from services.signals.wording import moment

#: Most differences that are printed; --json has all of them.
_SHOWN = 50


def show(
    console: Console,
    day: str,
    compared: Mapping[str, int],
    found: Sequence[Difference],
    not_compared: Sequence[str],
    closes: int,
) -> None:
    """Print the differences in order of time, what was compared, and what could not be."""
    counts = ", ".join(f"{count:,} {subject}s" for subject, count in compared.items())
    said = f"{len(found)} differences" if found else "no difference"
    console.print(f"{day}: {said}; compared were {counts}, at {closes:,} closes.", highlight=False, soft_wrap=True)
    if found:
        console.print("The first one is the one to look at: what follows may follow from it.\n", highlight=False)
        table = plain_table("at", "symbol", "what", "recorded", "replayed", "why")
        for each in found[:_SHOWN]:
            rows = [(f"{name}: {one}", other) for name, (one, other) in each.fields.items()] or [("", "")]
            for number, (one, other) in enumerate(rows):
                lead = (moment(each.time), each.symbol, each.subject) if number == 0 else ("", "", "")
                table.add_row(*map(Text, (*lead, one, other, each.why if number == 0 else "")))
        console.print(table)
        if len(found) > _SHOWN:
            console.print(f"{len(found) - _SHOWN} more: --json has all of them", highlight=False)
    console.print("\nNot compared, or assumed:", highlight=False)
    for sentence in not_compared:
        console.print(f"* {sentence}", highlight=False, markup=False, soft_wrap=True)
