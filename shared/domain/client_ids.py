"""Client order ids: who made an order can be read from them, also by a process that has lost everything else.

``ict`` + role + four characters of lineage + ``-`` + 26 of content: 35 of the 36 characters that the exchange takes.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from shared.domain.ids import derive
from shared.domain.orders import Origin

#: Who sends orders: execution, the guardian, an operator.
Role = Literal["e", "g", "o"]

_ROLED: Final = re.compile(r"ict([ego])([0-9a-z]{4})-([0-9a-f]{26})")
_PRESENCE: Final = re.compile(r"ict([qa])[0-9a-z]{4}-[0-9a-f]{26}")
#: An order that shows that a process is there: it asks who leads, or says that it does.
PresenceKind = Literal["question", "answer"]
_ROLES: Final[dict[str, Origin]] = {"g": "guardian", "o": "operator"}
#: Prefixes under which the exchange itself trades for an account: liquidation, auto-deleveraging, delisting.
EXCHANGE_PREFIXES: Final = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")


def lineage(mode: str, namespace: str) -> str:
    """Return the four characters that name a deployment: the same after every restart, whatever its store has lost."""
    return derive("lineage", mode, namespace)[:4]


def client_order_id(role: Role, lineage: str, *content: object) -> str:
    """Return the id of an order of ``content`` (the intent's id, the purpose, a number)."""
    return f"ict{role}{lineage}-{derive(*content)}"


def origin_of(client_id: str, lineage: str) -> Origin:
    """Tell from its client id who made an order. Another deployment's orders are foreign."""
    if client_id.startswith(EXCHANGE_PREFIXES):
        return "exchange"
    found = _ROLED.fullmatch(client_id)
    if found is None:
        return "foreign"
    role, of = found.group(1), found.group(2)
    if role == "e":
        return "ours" if of == lineage else "foreign"
    return _ROLES[role]


def of_this_guardian(client_id: str, lineage: str) -> bool:
    """True if the guardian of this deployment made the order."""
    found = _ROLED.fullmatch(client_id)
    return found is not None and found.group(1) == "g" and found.group(2) == lineage


def of_another_deployment(client_id: str, lineage: str) -> bool:
    """True if the execution of another deployment made the order."""
    found = _ROLED.fullmatch(client_id)
    return found is not None and found.group(1) == "e" and found.group(2) != lineage


def presence_id(kind: PresenceKind, lineage: str, nonce: str) -> str:
    """Return the id of a question or an answer. nonce: 26 hex digits that no other process has."""
    return f"ict{kind[0]}{lineage}-{nonce}"


def presence_kind(client_id: str) -> PresenceKind | None:
    """Tell whether an order is a question or an answer; None = neither."""
    found = _PRESENCE.fullmatch(client_id)
    if found is None:
        return None
    return "question" if found.group(1) == "q" else "answer"
