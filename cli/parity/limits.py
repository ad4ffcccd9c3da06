"""What a replay of a recorded day cannot know, said in sentences beside its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

from cli.settings import Settings
from services.journal.span import Commanded, Extent
from services.signals.wording import moment
from shared.domain.control import Command


class Mode(NamedTuple):
    """The mode that a journal was written in; empty when it does not say."""

    name: str

    @classmethod
    def of(cls, owner: str) -> Mode:
        """owner: as the journal has it, mode/namespace/account or the mode alone."""
        return cls(owner.partition("/")[0])

    @property
    def simulated(self) -> bool:
        """Whether the matching engine traded, so that orders and fills can be made again."""
        return self.name in ("", "sim", "paper")

    def begins_armed(self, layout: str) -> bool:
        """Whether risk began NORMAL: see ``services.risk.service``."""
        return self.name in ("", "sim") or (self.name == "paper" and layout == "embedded")


def limits(mode: Mode, settings: Settings, held: Extent, commands: Sequence[Commanded], since: int | None) -> Iterator[str]:
    """Yield what could not be compared, or was assumed."""
    yield "The journal keeps no settings: those of --config were used, and have to be the day's."
    if since is not None:
        yield f"The replay begins at {moment(since)}: what was known, held or lost before is not known to it."
    if mode.name not in ("", "sim"):
        yield "The journal keeps no mark prices, at which risk judged entries too: a verdict may differ for want of them."
        yield "The journal keeps no lists of instruments: sizes and prices are rounded by the configured filters."
    if mode.name == "paper":
        yield (
            "In mode paper market and decisions reach risk by different queues: where both came in one millisecond, the "
            "market is taken to have come first, and a verdict may differ for it."
        )
    if not mode.simulated:
        yield "Orders and fills were the exchange's, not the matching engine's: neither they nor sizes are compared."
    strangers = sorted(set(held.symbols) - set(settings.symbols))
    if strangers:
        yield f"The journal has {', '.join(strangers)}, which the configuration does not trade: left out of the replay."
    absent = sorted(set(settings.symbols) - set(held.symbols))
    if absent:
        yield f"The configuration trades {', '.join(absent)}, which the journal does not have: left out of the replay."
    known = frozenset(get_args(Command))
    for each in commands:
        if each.words and each.words[0] == "reset":
            yield f"A reset was commanded at {moment(each.at)}: the session began anew there, the replay does not."
        elif not each.words or each.words[0] not in known:
            yield f"Command {' '.join(each.words)!r} of {each.by} at {moment(each.at)} is unknown here, and was not given."
