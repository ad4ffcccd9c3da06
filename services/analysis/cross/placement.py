"""Which pairs cannot be read as the system is configured, and why: to be said before it starts (ICT-9)."""

from __future__ import annotations

from services.analysis.settings.cross import DEFAULT_PAIRS, CrossSettings
from shared.config.settings import CommonSettings


def unread_pairs(settings: CrossSettings, common: CommonSettings) -> list[str]:
    """One sentence for each pair that nothing will be said of, with what to do."""
    if not settings.enabled:
        return []
    partition_of = {symbol: p for p in range(common.partitions.count) for symbol in common.symbols_of(p)}
    found = []
    for pair in settings.pairs:
        absent = [symbol for symbol in (pair.first, pair.second) if symbol not in partition_of]
        if absent and pair in DEFAULT_PAIRS:
            continue
        if absent:
            found.append(
                f"the pair {pair.first}, {pair.second} is not read: not among `symbols`: {', '.join(absent)}; add what is "
                "missing there, or remove the pair from `analysis.cross.pairs`"
            )
        elif partition_of[pair.first] != partition_of[pair.second]:
            found.append(
                f"the pair {pair.first}, {pair.second} is not read: {pair.first} is in partition "
                f"{partition_of[pair.first]}, {pair.second} in {partition_of[pair.second]}, and a process sees the symbols "
                "of one; put both into one with `partitions.pinned`, or remove the pair from `analysis.cross.pairs`"
            )
    return found
