"""Why people were alerted: each alert of a drill must have a strike, a command or another alert behind it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from cli.chaos.plan import Strike, Struck
from shared.domain.control import Alert

#: How long after a strike what it caused may still be told, ms: the longest pauses are those of retries, and of the reads
#: that settle a doubt.
AFTER_MS: Final = 60_000
#: Kinds of faults by what they do.
_RULES: Final = (
    "filters", "settling", "agreement_needed", "odd_listing", "funding_interval", "unknown_symbol", "multi_assets",
)  # fmt: skip
_LIMITS: Final = ("rate_limited_429", "banned_418")
_HANDS: Final = ("app_order", "adl")
#: A halt that execution asks for is told by risk, and by itself, in any order.
#: Alert, as ``source: first word of its key`` → what may be behind it: words of ``_words``, or another alert.
CAUSES: Final[dict[str, tuple[str, ...]]] = {
    "execution: control": ("command", "start", "process", "server", "exchange"),
    "risk: control": ("command", "execution: control", "execution: halt"),
    "execution: halt": ("start", "process", "server", "exchange"),
    "risk: kill_switch": ("command", "start", "risk", "execution: control", "execution: halt"),
    "execution: withdrawn": ("command", "risk: kill_switch"),
    "execution: refused": ("execution", "signals", "risk", "server", "exchange", "execution: frozen", "execution: halt"),
    "execution: entry_failed": ("execution", "server", "exchange"),
    "execution: over": ("execution", "server", "exchange"),
    "execution: over_budget": ("execution", "server", "exchange"),
    "execution: frozen": ("execution", "server", "exchange"),
    "execution: thawed": ("execution: frozen",),
    "execution: filters": ("start", "execution", "redis", "rules"),  # whoever leads learns them
    "execution: closed": ("rules",),
    "execution: opened": ("rules",),
    "execution: stands": ("execution", "server", "exchange"),
    "execution: stop_lost": ("execution", "hand", "exchange"),
    "execution: close_wanted": ("execution", "server", "exchange"),
    "execution: target_lost": ("execution", "hand", "exchange"),
    "execution: bare": ("execution", "server", "exchange"),
    "execution: left": ("execution", "server", "exchange"),
    "execution: late_fill": ("execution", "exchange"),
    "execution: revived": ("execution", "exchange"),
    "execution: rebuilt": ("execution", "server", "exchange"),
    "execution: unexplained": ("execution", "hand", "exchange"),
    "execution: rival": ("execution", "redis"),
    "execution: alone": ("execution", "redis"),
    "execution: foreign": ("hand",),
    "execution: exchange": ("hand",),
    "execution: margin_call": ("margin_call",),
    "execution: unknown_symbol": ("rules",),
    "execution: ban": ("limit",),
    "execution: ban_over": ("limit",),
    "guardian: bare": ("execution", "server", "exchange"),
    "guardian: placed": ("execution", "server", "exchange"),
    "guardian: proved": ("execution", "guardian", "exchange"),
    "guardian: refused": ("exchange",),
    "guardian: closed": ("exchange",),
    "guardian: blind": ("guardian", "exchange"),
    "guardian: sees": ("guardian: blind",),
}  # fmt: skip


def kind_of(alert: Alert) -> str:
    """Return who told it, and the first word of its key."""
    return f"{alert.source}: {alert.key.partition('.')[0].partition(':')[0]}"


def unexplained(
    alerts: Sequence[tuple[int, Alert]], struck: Sequence[Struck], commands: Iterable[int], began: int
) -> list[str]:
    """Return the alerts that nothing explains, a line each.

    alerts: each with the time at which it was heard; commands: when the drill sent one; began: when it did. UTC ms.
    """
    times: dict[str, list[tuple[int, int]]] = defaultdict(list)
    times["start"].append((0, began))
    for at in commands:
        times["command"].append((at, at))
    for each in struck:
        for word in _words(each.strike):
            times[word].append((each.begin, each.end))
    for at, alert in alerts:
        times[kind_of(alert)].append((at, at))
    return [
        f"{kind_of(alert)} ({alert.key}): {alert.text}"
        for at, alert in alerts
        if not any(
            begin <= at <= end + AFTER_MS for word in CAUSES.get(kind_of(alert), ()) for begin, end in times.get(word, ())
        )
    ]


def _words(strike: Strike) -> set[str]:
    """What a strike is called as a cause."""
    if strike.kind in ("kill", "stop"):
        return {"process", *(name.partition(".")[0] for name in strike.whom)}
    if strike.kind == "server":
        return {"server", *strike.whom}
    if strike.kind == "halt":
        return {"command"}
    kinds = {name.partition(",")[0] for name in strike.faults}
    found = {"exchange", *kinds}
    for word, members in (("rules", _RULES), ("limit", _LIMITS), ("hand", _HANDS)):
        if kinds & set(members):
            found.add(word)
    return found
