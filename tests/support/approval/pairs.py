"""Pairs of keys that no configuration ships, and a realm for tests that have no settings."""

from __future__ import annotations

from typing import Final

from shared.approval.commands import CommandJudge, judge_of
from shared.approval.key_text import to_text
from shared.approval.risk_orders import RiskOrderJudge
from shared.approval.risk_orders import judge_of as risk_order_judge_of
from shared.approval.signing import COMMAND, KeyPair, Realm, Signer, Verifier, public_key_of


def pair(number: int) -> KeyPair:
    """A pair of the tests; the same for the same number."""
    private = to_text("private", bytes([number]) * 32)
    return KeyPair(private, public_key_of(private))


OWN: Final = pair(1)
OTHER: Final = pair(2)
#: The section ``approval`` of a configuration with keys of its own.
OWN_KEYS: Final = {"private_key": OWN.private, "public_key": OWN.public}
REALM: Final = Realm("sim", "ict", "main")
SIGNER: Final = Signer(OWN.private, REALM)
#: Signs as risk does, with a key that is not risk's.
STRANGER: Final = Signer(OTHER.private, REALM)
VERIFIER: Final = Verifier(OWN.public, REALM)
#: The operator's pair: section ``operator`` of a configuration, what signs commands, and which of them are obeyed.
OPERATOR: Final = pair(3)
OPERATOR_KEYS: Final = {"private_key": OPERATOR.private, "public_key": OPERATOR.public}
COMMANDER: Final = Signer(OPERATOR.private, REALM, COMMAND)
JUDGE: Final = judge_of(Verifier(OPERATOR.public, REALM, COMMAND), timed=True)
#: Believes the signature "good", whatever the time.
CREDULOUS: Final = CommandJudge(lambda control: control.signature == "good", timed=False)
#: Which of risk's orders to flatten are obeyed; and what believes the signature "good", whatever the time.
RISK_ORDERS: Final = risk_order_judge_of(VERIFIER, timed=True)
CREDULOUS_RISK_ORDERS: Final = RiskOrderJudge(lambda order: order.signature == "good", timed=False)
