"""Decides which commands are obeyed: signed by the operator, fresh, and not taken before (RISK-7). Pure.

A forged command must not act, a recorded one must not act again, and a flood of either must neither hold up a true one nor
drown the alerts: what is refused costs little, and is told once a minute with its count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from shared.approval.signing import Signer, Verifier
from shared.domain.bounded import forget_oldest
from shared.domain.control import OF_STRATEGIES, Control, Severity

#: A command acts within this time after it was sent, ms. A clock that is ahead by as much is borne with.
EXPIRY_MS: Final = 60_000
#: A refusal of one kind is told again after this time, ms.
_TOLD_FOR_MS: Final = 60_000
#: Services that may stop entries without a signature.
SERVICES: Final = frozenset({"execution"})
#: Ids remembered where time does not forget them: mode sim, in which a command has no age.
_REMEMBERED: Final = 4_096

Fault = Literal[
    "unsigned",  # without a signature, and no service's halt
    "stale",  # sent too long ago: recorded and sent again, or held up
    "ahead",  # sent in the future: a clock is wrong
    "misshapen",  # a symbol or strategy is missing, or is named where none belongs
    "forged",  # the signature is another key's, mode's, deployment's, account's or content's
    "replayed",  # taken before
]
#: Each fault as people read it.
WORDS: Final[dict[Fault, str]] = {
    "unsigned": "it is not signed",
    "stale": f"it was sent more than {EXPIRY_MS // 1000} s ago",
    "ahead": f"it was sent more than {EXPIRY_MS // 1000} s in the future: check the clocks",
    "misshapen": "`close` names a symbol, `pause` and `resume` name a strategy, and no other command names either",
    "forged": "its signature is not the operator's of this mode, namespace and account, or it was altered",
    "replayed": "it was taken before",
}
#: How bad each is: a forger, or a delay and a clock.
SEVERITY: Final[dict[Fault, Severity]] = {
    "unsigned": "critical",
    "forged": "critical",
    "stale": "warning",
    "ahead": "warning",
    "misshapen": "warning",
    "replayed": "warning",
}


class CommandMemory(msgspec.Struct, kw_only=True):
    """Part of a core's state. Times in ms of the core's ``now``.

    taken: signed commands, id → time until which it may come again. refused: by fault, since the last alert of it;
    told_at: when that was. all_refused: since ever.
    """

    taken: dict[str, int] = msgspec.field(default_factory=dict)
    refused: dict[Fault, int] = msgspec.field(default_factory=dict)
    told_at: dict[Fault, int] = msgspec.field(default_factory=dict)
    all_refused: int = 0

    def take(self, identity: str, sent_at: int, now: int, *, timed: bool) -> None:
        """Remember what is obeyed, until it would be stale; without a clock (``timed`` False) the newest."""
        self.taken[identity] = max(now, sent_at) + EXPIRY_MS
        if timed:
            for each in [each for each, until in self.taken.items() if until < now]:
                del self.taken[each]
        else:
            forget_oldest(self.taken, _REMEMBERED)

    def count(self, fault: Fault, now: int) -> str | None:
        """Count a refusal; None when one of the kind was told within the last minute, else how many there were since."""
        self.all_refused += 1
        self.refused[fault] = self.refused.get(fault, 0) + 1
        if fault in self.told_at and now - self.told_at[fault] < _TOLD_FOR_MS:
            return None
        count, self.refused[fault], self.told_at[fault] = self.refused[fault], 0, now
        return f" ({count} such since the last alert)" if count > 1 else ""


class CommandJudge:
    """``verified``: the signature is the operator's. ``timed``: False in mode sim, whose time is the player's."""

    def __init__(self, verified: Callable[[Control], bool], *, timed: bool) -> None:
        self._verified = verified
        self._timed = timed

    def judge(self, control: Control, memory: CommandMemory, now: int) -> Fault | None:
        """Return why a command is not obeyed; None if it is, and then it is remembered. Cheap faults are looked at first."""
        if not control.signature:
            return None if control.command == "halt" and control.by in SERVICES else "unsigned"
        if self._timed and now - control.sent_at > EXPIRY_MS:
            return "stale"
        if self._timed and control.sent_at - now > EXPIRY_MS:
            return "ahead"
        if _misshapen(control):
            return "misshapen"
        if control.id in memory.taken:
            return "replayed"
        if not self._verified(control):
            return "forged"
        memory.take(control.id, control.sent_at, now, timed=self._timed)
        return None

    @staticmethod
    def note(fault: Fault, control: Control, memory: CommandMemory, now: int) -> str:
        """Count a refusal; return the sentence of its alert, empty when one of the kind was told within the last minute."""
        since = memory.count(fault, now)
        return f"{control.command} by {control.by!r} is refused: {WORDS[fault]}{since}" if since is not None else ""


def _misshapen(control: Control) -> bool:
    if control.command in OF_STRATEGIES:
        return control.strategy is None
    return control.strategy is not None or (control.command == "close") != (control.symbol is not None)


def content(control: Control) -> Control:
    """Return what is signed of a command: all but the signature."""
    return msgspec.structs.replace(control, signature="")


def sign(control: Control, signer: Signer) -> Control:
    """Return the command with its signature."""
    return msgspec.structs.replace(control, signature=signer.sign(content(control)))


def judge_of(verifier: Verifier, *, timed: bool) -> CommandJudge:
    """Build the judge that verifies with the operator's public key."""
    return CommandJudge(lambda control: verifier.approved(content(control), control.signature), timed=timed)
