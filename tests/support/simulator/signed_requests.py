"""Signed requests to the protocol server's endpoints, without a wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from simulator.server.rest.answer import Reply, Request, answer
from simulator.server.rest.context import Context
from simulator.server.session import MarketMessage, UserMessage
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign


def ask(context: Context, method: str, path: str, /, **parameters: object) -> Reply:
    """Ask for ``path`` (below /fapi) with the test key; parameters go into the query string."""
    query = urlencode({**parameters, "timestamp": context.server_time})
    query += f"&signature={sign(query, TEST_SECRET)}"
    return answer(context, Request(method, f"/fapi{path}", query, "", TEST_KEY, "10.0.0.1", 0))


def done(context: Context, method: str, path: str, /, **parameters: object) -> Any:
    """The body of an answer that is no refusal."""
    reply = ask(context, method, path, **parameters)
    assert reply.status == 200, reply
    return reply.body


def refusal(context: Context, method: str, path: str, /, **parameters: object) -> tuple[int, int]:
    """HTTP status and code of an answer that is one."""
    reply = ask(context, method, path, **parameters)
    assert reply.status != 200, reply
    return reply.status, reply.body["code"]


def told(context: Context) -> tuple[list[dict[str, Any]], list[MarketMessage]]:
    """User events and market messages since the last call."""
    messages = context.session.take_outbox()
    users = [message.event for message in messages if isinstance(message, UserMessage)]
    return users, [message for message in messages if isinstance(message, MarketMessage)]
