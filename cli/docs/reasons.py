"""Writes docs/reasons.md: every closed list of reasons, to look up a word found in a log or the journal."""

from __future__ import annotations

from types import ModuleType
from typing import Final, get_args

from cli.docs.markdown import code, page, table
from cli.docs.vocabulary import words
from services.execution import state
from services.execution.oms import order
from services.execution.plans import admission, plan
from services.ingest import alerts as ingest
from services.ingest import candle_source, quality
from services.risk import gate, kill_switch
from shared.domain import account, control, decisions, intents, orders
from shared.exchange.error_table import rule
from shared.exchange.limits import windows
from shared.exchange.model import streams
from shared.exchange.outcome import outcomes
from shared.runtime.process import exits

#: Title, module, name of the Literal or enum, and where its words appear.
_VOCABULARIES: Final[tuple[tuple[str, ModuleType, str, str], ...]] = (
    (
        "Why a close did not become a signal",
        decisions,
        "Reason",
        "In `Judgement.reasons` of each strategy, and in `Decision.reasons` where the reason is no strategy's; all that apply.",
    ),
    (
        "Why risk refused a signal",
        intents,
        "Refusal",
        "In `Verdict.refusals`; all that apply, not only the first. `Verdict.checks` has every check with the numbers that it "
        "compared. What to do about each: [risk for traders](risk.md).",
    ),
    (
        "Why execution does not send an entry",
        admission,
        "EntryRefusal",
        "In the key of the alert `refused.<reason>.<intent>` when the intent came, else the text of its rejected order; the "
        "first that applies.",
    ),
    (
        "Why a resting entry was cancelled",
        order,
        "EntryEnd",
        "In `Order.reject_reason` of the cancelled entry, and in the alert `entry_failed.<intent>.<time>` if nothing of it filled.",
    ),
    ("Why a symbol takes no entries", state, "FreezeReason", "Said by the alert `frozen.<symbol>.<time>`."),
    ("What an intent is for", intents, "Purpose", "In `OrderIntent.purpose`."),
    ("How a position is entered", intents, "EntryKind", "In `OrderIntent.kind`."),
    ("What an order is for", orders, "OrderPurpose", "In `OrderEvent.purpose`."),
    ("Who made an order", orders, "Origin", "In `OrderEvent.origin`."),
    ("How a trade goes on", account, "TradeState", "In `Trade.state`; what follows what: [life cycles](lifecycles.md)."),
    ("Why a trade ended", plan, "ExitReason", "In `Trade.exit_reason`; empty while the trade lives."),
    (
        "The kill switch",
        account,
        "KillSwitch",
        "In `RiskReport.kill_switch`; what follows what: [life cycles](lifecycles.md).",
    ),
    ("What moves the kill switch", kill_switch, "Event", "The steps of its table."),
    ("Why ingest refused a candle", quality, "RefusalReason", "The symbol is then missing at that minute."),
    ("What ingest alerts about", ingest, "Condition", "The first word of the alert's key (`candle_refused:BTCUSDT`)."),
    (
        "Why a file of candles or fundings is refused",
        candle_source,
        "DefectReason",
        "At the end of each line that names a defect.",
    ),
    ("What is put right in a candle file", candle_source, "RepairKind", "Said when the file is opened."),
    ("Why the outcome of an order call is open", outcomes, "Doubt", "In `Uncertain.doubt`; closed by asking."),
    ("Why a stream connection ended", streams, "LossReason", "In `StreamLost.reason`, and the counter of lost streams."),
    ("How urgent a call is", windows, "Urgency", "Which share of the exchange's limits it may use."),
    ("What an error of the exchange asks for", rule, "Action", "By the table of its codes: [errors](errors.md)."),
    ("How severe an alert is", control, "Severity", "In `Alert.severity`, and the last word of its topic."),
)


def text() -> dict[str, dict[str, str]]:
    """Return title → word → meaning of every list."""
    return {title: words(module, name) for title, module, name, _ in _VOCABULARIES}


def _exits() -> str:
    """Render the exit codes as a table."""
    meanings = words(exits, "Exit")
    return table(
        ("code", "name", "meaning"), ((str(int(each)), code(each.name), meanings[each.name]) for each in exits.Exit)
    )


def _columns(name: str, meanings: dict[str, str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of a list; of risk's refusals with the setting that limits each."""
    rows = [(code(word) or "(empty)", meaning) for word, meaning in meanings.items()]
    if name != "Refusal":
        return ("word", "meaning"), list(rows)
    limits = [gate.LIMITS.get(word, "") for word in get_args(intents.Refusal)]  # in the order of the words
    return ("word", "meaning", "limit"), [
        (*row, code(f"risk.{limit}") if limit else "") for row, limit in zip(rows, limits, strict=True)
    ]


def render() -> str:
    """Render the page."""
    parts = ["Every reason that this system gives is one of a closed list. Other words do not occur."]
    meanings = text()
    for title, module, name, about in _VOCABULARIES:
        columns, rows = _columns(name, meanings[title])
        place = f"`{name}` in `{module.__name__.replace('.', '/')}.py`"
        parts += [
            f"## {title}",
            f"{about} Defined as {place}.",
            table(columns, rows),
        ]
    parts += [
        "## Errors of the exchange",
        "In `Order.reject_code`, alerts and the log: [errors](errors.md).",
        "## Exit codes",
        "Of every command and service. Defined as `Exit` in `shared/runtime/process/exits.py`.",
        _exits(),
    ]
    return page("Reasons", *parts)
