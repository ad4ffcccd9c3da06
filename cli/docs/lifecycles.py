"""Writes docs/lifecycles.md: a state diagram of each transition table in the code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from cli.docs.markdown import page
from services.analysis import lifecycle
from services.execution.oms import order
from services.execution.plans import plan
from services.guardian import life
from services.ingest.live import minutes, watchdog
from services.risk import kill_switch
from simulator.core.model import algo_orders, orders

State = TypeVar("State", bound=str)
Event = TypeVar("Event", bound=str)

#: From state, to state, event; an empty event if the state says enough.
Step = tuple[str, str, str]


def by_event(table: Mapping[State, Mapping[Event, State]]) -> list[Step]:
    """Return the steps of a table state → event → state."""
    return [(state, to, event) for state, events in table.items() for event, to in events.items()]


def by_state(table: Mapping[State, Collection[State]]) -> list[Step]:
    """Return the steps of a table state → following states, in the order of the table's states."""
    order = list(table)
    return [(state, to, "") for state, following in table.items() for to in sorted(following, key=order.index)]


def diagram(start: str, states: Iterable[str], steps: Iterable[Step]) -> str:
    """Draw a Mermaid state diagram from ``start`` to the final states."""
    steps = list(steps)
    leaving = {step[0] for step in steps}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    lines += [f"    {one} --> {other}" + (f": {event}" if event else "") for one, other, event in steps]
    lines += [f"    {state} --> [*]" for state in states if state not in leaving]
    return "\n".join([*lines, "```"])


def render() -> str:
    """Render the page."""
    return page(
        "Life cycles",
        "Each diagram shows the transition table of the module named above it. Any other step is refused.",
        *_section(
            "Order at the exchange",
            "`simulator/core/model/orders.py`: what may happen to an order in the book.",
            diagram("NEW", orders.TRANSITIONS, by_event(orders.TRANSITIONS)),
        ),
        *_section(
            "Conditional order at the exchange",
            "`simulator/core/model/algo_orders.py`: what may happen to an order in the algo book. A triggered one is an "
            "order of its own in the order book, and finished when that is closed.",
            diagram("NEW", algo_orders.ALGO_TRANSITIONS, by_event(algo_orders.ALGO_TRANSITIONS)),
        ),
        *_section(
            "Order in execution",
            "`services/execution/oms/order.py`: the order as execution knows it. `WAITING`: an entry that is not sent yet. "
            "`SENT`: the request left, and nothing is known. `IN_DOUBT`: the answer left the outcome open, so the order is "
            "queried by its client id and never sent twice. `LOST`: the exchange knows no such order; what it says of the "
            "order later still counts. What the table does not have is news from the past, and changes nothing.",
            diagram("WAITING", order.TRANSITIONS, by_state(order.TRANSITIONS)),
        ),
        *_section(
            "Trade",
            "`services/execution/plans/plan.py`: from intent to flat. `protecting`: there is a position and no accepted "
            "stop. An entry that expires, or that price voids while it rests, fails; a late fill of it brings the trade back.",
            diagram("entering", plan.TRANSITIONS, by_event(plan.TRANSITIONS)),
        ),
        *_section(
            "Leg under the guardian",
            "`services/guardian/life.py`: what the guardian knows of a position's protection. One that is flat is forgotten, "
            "whatever its state.",
            diagram("unseen", life.TRANSITIONS, by_event(life.TRANSITIONS)),
        ),
        *_section(
            "Stream connection",
            "`services/ingest/live/watchdog.py`: `live`: every stream sent a frame within its limit, and no "
            "frame is missing; a mere connection is not enough.",
            diagram("connecting", watchdog.TRANSITIONS, by_event(watchdog.TRANSITIONS)),
        ),
        *_section(
            "Minute of a symbol",
            "`services/ingest/live/minutes.py`: how a candle comes to be published, or missing.",
            diagram("running", minutes.TRANSITIONS, by_event(minutes.TRANSITIONS)),
        ),
        *_section(
            "Kill switch",
            "`services/risk/kill_switch.py`: when entries are allowed. `HALTED` ends only by `ict rearm`, "
            "`FLATTEN` when nothing is held any more. In every mode but sim a risk service that finds no state begins `HALTED`.",
            diagram("NORMAL", kill_switch.TRANSITIONS, by_event(kill_switch.TRANSITIONS)),
        ),
        *_facts(),
    )


def _section(title: str, about: str, drawing: str) -> list[str]:
    return [f"## {title}", about, drawing]


def _facts() -> list[str]:
    """Render the section of facts: one diagram for all kinds of fact that share a table."""
    parts = ["## Facts of the analysis", "`services/analysis/lifecycle.py`: swings, breaks, zones."]
    kinds: dict[str, list[str]] = {}
    for kind, states in lifecycle.TRANSITIONS.items():
        drawing = diagram(lifecycle.BIRTH[kind], states, by_state(states))
        kinds.setdefault(drawing, []).append(kind)
    for drawing, names in kinds.items():
        parts += [f"### {', '.join(name.replace('_', ' ') for name in names)}", drawing]
    return parts
