"""A signature holds for exactly one content, kind, mode, namespace, account and key (invariant 5, RISK-1)."""

from __future__ import annotations

import base64
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approval.key_text import SIM_PRIVATE_KEY, SIM_PUBLIC_KEY
from shared.approval.signing import SIGNATURE_LENGTH, Realm, Signer, Verifier, new_pair, public_key_of
from tests.support.approval.pairs import OTHER, OWN, REALM, SIGNER, VERIFIER
from tests.support.execution.desk import intent

WANTED = intent()
SIGNATURE = SIGNER.sign(WANTED)


def test_a_signed_content_passes_and_its_signature_is_short_text() -> None:
    assert len(SIGNATURE) == SIGNATURE_LENGTH
    assert VERIFIER.approved(WANTED, SIGNATURE)
    assert VERIFIER.approved(msgspec.msgpack.decode(msgspec.msgpack.encode(WANTED), type=type(WANTED)), SIGNATURE)


def test_the_same_content_has_the_same_signature_in_every_process() -> None:
    """Invariant 2: a replay publishes the same bytes."""
    assert Signer(OWN.private, REALM).sign(intent()) == SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal("2.001")},
        {"stop": Decimal(94)},
        {"bound": WANTED.bound + 1},
        {"exits": (msgspec.structs.replace(WANTED.exits[0], share=Decimal("0.5")),)},
        {"valid_until": WANTED.valid_until + 1},
        {"kind": "limit", "rests_until": WANTED.valid_until, "void_at": Decimal(109)},
        {"decided_at": WANTED.decided_at + 1},
        {"risk_budget": WANTED.risk_budget + 1},
        {"close_time": WANTED.close_time + 1},
        {"symbol": "ETHUSDT"},
        {"leg": "LONG"},
        {"purpose": "close"},
        {"purpose": "close", "side": "SELL"},
    ],
    ids=str,
)
def test_any_other_content_is_refused(change: dict[str, object]) -> None:
    assert not VERIFIER.approved(msgspec.structs.replace(WANTED, **change), SIGNATURE)


@pytest.mark.parametrize(
    "signer",
    [
        Signer(OWN.private, Realm("live", "ict", "main")),
        Signer(OWN.private, Realm("sim", "ict-2", "main")),
        Signer(OWN.private, Realm("sim", "ict", "second")),
        Signer(OWN.private, Realm("simi", "ct", "main")),
        Signer(OWN.private, REALM, domain="ict/statement/1"),
        Signer(OTHER.private, REALM),
    ],
    ids=["mode", "namespace", "account", "shifted", "kind", "key"],
)
def test_a_signature_of_elsewhere_is_refused(signer: Signer) -> None:
    assert not VERIFIER.approved(WANTED, signer.sign(WANTED))


ZEROS = base64.urlsafe_b64encode(bytes(64)).decode().rstrip("=")


@pytest.mark.parametrize(
    "signature",
    ["", "x", "é" * 86, "\ud800" * 86, "A" * 10_000_000, ZEROS, SIGNATURE + "=", SIGNATURE + "==", SIGNATURE[:-1], "-" * 86]
    + [SIGNATURE[:-1] + other for other in "BCDH" if SIGNATURE[-1] != other]
    + [SIGNATURE.replace("-", "+").replace("_", "/") + " ", f" {SIGNATURE[1:]}", "\n" + SIGNATURE[1:]],
    ids=lambda text: f"{len(text)} characters",
)
def test_a_malformed_signature_is_refused_and_never_raises(signature: str) -> None:
    assert not VERIFIER.approved(WANTED, signature)


@given(st.text(max_size=100) | st.binary(min_size=64, max_size=64).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_other_text_is_a_signature(text: str) -> None:
    assert VERIFIER.approved(WANTED, text) == (text == SIGNATURE)


def test_a_fresh_pair_signs_and_verifies_and_is_never_the_same() -> None:
    pair = new_pair()
    assert Verifier(pair.public, REALM).approved(WANTED, Signer(pair.private, REALM).sign(WANTED))
    assert pair != new_pair()


def test_the_simulations_keys_are_a_pair() -> None:
    assert public_key_of(SIM_PRIVATE_KEY) == SIM_PUBLIC_KEY


@pytest.mark.parametrize("text", ["", "x", OWN.public, OWN.private[:-1], OWN.private + "A", OWN.private.upper()])
def test_text_that_is_no_private_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="ict keys new") as told:
        Signer(text, REALM)
    assert len(text) < 10 or text not in str(told.value)
