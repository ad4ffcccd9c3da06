"""Contents that are signed together: each stands for itself, bound to the same things as alone (invariant 5, RISK-1)."""

from __future__ import annotations

import base64
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approval import tree
from shared.approval.signing import LONGEST_SIGNATURE, SIGNATURE_LENGTH, Realm, Signer, Verifier
from shared.domain.intents import OrderIntent, Verdict, VerdictBundle
from tests.support.approval.pairs import OTHER, OWN, REALM, SIGNER, VERIFIER
from tests.support.execution.desk import intent


def intents(count: int) -> list[OrderIntent]:
    return [intent(f"i{number}", symbol=f"S{number}USDT") for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 50, 129])
def test_each_passes_by_itself_and_no_other_does(count: int) -> None:
    """Invariant 5: with its own text alone, whatever became of the others; a fresh verifier knows none of them."""
    wanted = intents(count)
    texts = SIGNER.sign_together(wanted)
    assert len(texts) == count
    for number, (one, text) in enumerate(zip(wanted, texts, strict=True)):
        assert Verifier(OWN.public, REALM).approved(one, text)
        assert VERIFIER.approved(one, text)
        other = wanted[number - 1]
        assert VERIFIER.approved(other, text) == (other is one)
        assert not VERIFIER.approved(msgspec.structs.replace(one, quantity=one.quantity + 1), text)


def test_one_alone_has_the_signature_that_it_has_without_others() -> None:
    """Invariant 2: the ordinary close has the bytes of before."""
    assert SIGNER.sign_together([intent()]) == [SIGNER.sign(intent())]


def test_the_same_contents_have_the_same_signatures_in_every_process() -> None:
    """Invariant 2: a replay publishes the same bytes."""
    assert Signer(OWN.private, REALM).sign_together(intents(7)) == SIGNER.sign_together(intents(7))


@pytest.mark.parametrize(
    "signer",
    [
        Signer(OWN.private, Realm("live", "ict", "main")),
        Signer(OWN.private, Realm("sim", "ict-2", "main")),
        Signer(OWN.private, Realm("sim", "ict", "second")),
        Signer(OWN.private, REALM, domain="ict/statement/1"),
        Signer(OTHER.private, REALM),
    ],
    ids=["mode", "namespace", "account", "kind", "key"],
)
def test_signatures_of_elsewhere_are_refused(signer: Signer) -> None:
    """Security C3: mode, namespace, account, kind of content and key are all bound."""
    wanted = intents(3)
    assert not [text for one, text in zip(wanted, signer.sign_together(wanted), strict=True) if VERIFIER.approved(one, text)]


def test_a_signature_of_one_content_is_no_root_and_a_root_is_no_content() -> None:
    """Security C3: a signature of one content, put before a path, approves nothing; nor does the root's without its path."""
    wanted = intents(2)
    alone, (first, _) = SIGNER.sign(wanted[0]), SIGNER.sign_together(wanted)
    signature, path = first.split(".")
    assert not VERIFIER.approved(wanted[0], f"{alone}.{path}")
    assert not VERIFIER.approved(wanted[0], signature)


def test_a_path_of_another_close_is_refused_also_behind_one_that_passed() -> None:
    """Invariant 5: the root that passed is remembered, and nothing else passes by that."""
    these, those = SIGNER.sign_together(intents(3)), SIGNER.sign_together(intents(4))
    (first, *_), verifier = intents(3), Verifier(OWN.public, REALM)
    assert verifier.approved(first, these[0])
    assert not verifier.approved(first, f"{these[0].split('.')[0]}.{those[0].split('.')[1]}")
    assert not verifier.approved(first, f"{those[0].split('.')[0]}.{these[0].split('.')[1]}")
    assert verifier.approved(first, these[0])


WANTED = intents(3)
TEXT = SIGNER.sign_together(WANTED)[0]
RAW = base64.urlsafe_b64decode(TEXT[SIGNATURE_LENGTH + 1 :] + "==")


def path_text(raw: bytes) -> str:
    return TEXT[: SIGNATURE_LENGTH + 1] + base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "", ".", TEXT + "=", TEXT + ".", TEXT[:-1], TEXT + "A", TEXT + "A" * 10_000_000, TEXT.replace(".", ","),
        "é" + TEXT[1:],
        TEXT[: SIGNATURE_LENGTH + 1], TEXT[:SIGNATURE_LENGTH] + ".." + TEXT[SIGNATURE_LENGTH + 1 :],
        path_text(b""), path_text(b"\0"), path_text(RAW[:-1]), path_text(RAW + bytes(32)), path_text(RAW[:-32]),
        path_text(b"\x80" + RAW[1:]), path_text(bytes(2) + bytes(32) * 15), path_text(RAW[:1] + b"\x01" + RAW[2:]),
    ],
    ids=lambda text: f"{len(text)} characters",
)  # fmt: skip
def test_a_malformed_path_is_refused_and_never_raises(text: str) -> None:
    """Security H1, H4: bounded, and whatever the text is."""
    assert not VERIFIER.approved(WANTED[0], text)


@given(st.binary(max_size=500))
def test_no_other_path_leads_to_the_root(raw: bytes) -> None:
    """Invariant 5."""
    assert VERIFIER.approved(WANTED[0], path_text(raw)) == (raw == RAW)


def test_the_longest_text_fits_into_a_message() -> None:
    """Security H1: every string of a message is bounded, and the largest close fits."""
    assert len(tree.grow([bytes(32)] * tree.MOST)[1][0]) == tree.LONGEST
    one = Verdict(decision_id="d", symbol="BTCUSDT", intent=intent(), signature="x" * LONGEST_SIGNATURE)
    body = msgspec.msgpack.encode(VerdictBundle(close_time=1, verdicts=(one,)))
    assert msgspec.msgpack.decode(body, type=VerdictBundle).verdicts == (one,)


@given(st.lists(st.binary(max_size=3), min_size=2, max_size=40))
def test_every_leaf_has_a_path_to_the_root_and_a_node_is_no_leaf(contents: list[bytes]) -> None:
    """Invariant 5: the tree alone. What a node hashes is no content: it has another first byte."""
    leaves = [tree.leaf(each) for each in contents]
    root, paths = tree.grow(leaves)
    assert {tree.root_of(leaf, path) for leaf, path in zip(leaves, paths, strict=True)} == {root}
    assert tree.leaf(leaves[0] + leaves[1]) != tree.grow(leaves[:2])[0]


@pytest.mark.parametrize("count", [0, 1, tree.MOST + 1])
def test_too_many_and_too_few_are_refused(count: int) -> None:
    """Invariant 6."""
    with pytest.raises(ValueError, match="together"):
        tree.grow([b""] * count)


def test_amounts_are_bound_with_their_digits() -> None:
    """Invariant 5: 2 and 2.0 are two contents, as alone."""
    one, other = intents(2)
    text = SIGNER.sign_together([one, other])[0]
    assert not VERIFIER.approved(msgspec.structs.replace(one, quantity=one.quantity + Decimal("0.0")), text)
