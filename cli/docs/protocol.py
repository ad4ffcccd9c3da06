"""Writes docs/protocol.md: endpoints and streams of ``ict simulator``, and the faults that can be set."""

from __future__ import annotations

from typing import Final

from cli.docs.markdown import code, page, table
from simulator.server.fault_kinds import HITS, TIME, VOCABULARY
from simulator.server.faults import Fault
from simulator.server.rest.endpoints import ENDPOINTS
from simulator.server.rest.order_api import METHODS
from simulator.server.streams import CATEGORY, StreamKind

#: Kind of stream → its names, and how often it sends.
STREAMS: Final[dict[StreamKind, tuple[str, str]]] = {
    "kline": ("<symbol>@kline_<interval>", "every 250 ms when it changed, and at its close"),
    "continuousKline": ("<pair>_perpetual@continuousKline_<interval>", "every 250 ms when it changed, and at its close"),
    "aggTrade": ("<symbol>@aggTrade", "with each trade"),
    "markPrice": ("<symbol>@markPrice, @markPrice@1s, !markPrice@arr, !markPrice@arr@1s", "every 3 s or every second"),
    "forceOrder": ("<symbol>@forceOrder, !forceOrder@arr", "with each liquidation"),
    "ticker": ("<symbol>@ticker, !ticker@arr", "every second"),
    "miniTicker": ("<symbol>@miniTicker, !miniTicker@arr", "every second"),
    "trade": ("<symbol>@trade", "with each trade"),
    "bookTicker": ("<symbol>@bookTicker, !bookTicker", "with each change"),
    "depth": ("<symbol>@depth, @depth@100ms, @depth@500ms", "every 250, 100 or 500 ms when it changed"),
    "partialDepth": ("<symbol>@depth<5, 10 or 20>, with @100ms or @500ms", "every 250, 100 or 500 ms"),
}


def render() -> str:
    """Render the page."""
    return page(
        "What the simulator serves",
        "How to use it: [simulator.md](simulator.md).",
        "## Faults",
        "Set with `POST /sim/faults` or by a scenario; how to aim them: [simulator.md](simulator.md#faults). A kind that *hits* "
        f"applies to each request or message that it is aimed at and also takes {', '.join(map(code, HITS))}; a *lasting* one "
        f"applies until it ends and also takes {', '.join(map(code, TIME))}; one that acts *once* has ended as soon as it is set.",
        table(
            ("fault", "acts on", "acts", "what a client sees", "fields"),
            (
                (
                    code(kind),
                    entry.where,
                    entry.acts,
                    entry.effect,
                    ", ".join(code(name) + (" (needed)" if name in entry.required else "") for name in entry.parameters),
                )
                for kind, entry in VOCABULARY.items()
            ),
        ),
        "## Fields of a fault",
        table(
            ("field", "default", "meaning"),
            (
                (
                    code(name),
                    "" if info.is_required() else code(str(info.get_default(call_default_factory=True))),
                    info.description or "",
                )
                for name, info in Fault.model_fields.items()
            ),
        ),
        "## REST",
        table(
            ("request", "asks for", "weight"),
            (
                (
                    code(f"{each.method} {each.path}"),
                    {"none": "nothing", "key": "an API key", "signed": "a signature"}[each.security],
                    "by parameters" if callable(each.weight) else str(each.weight),
                )
                for each in ENDPOINTS
            ),
        ),
        "## WebSocket API (`/ws-fapi/v1`)",
        table(("method", "as"), ((code(method), code(" ".join(place))) for method, place in METHODS.items())),
        "## Streams",
        table(
            ("stream", "path", "how often"),
            ((code(name), f"/{CATEGORY[kind]}", often) for kind, (name, often) in STREAMS.items()),
        ),
    )
