"""Defines the settings of two key pairs: risk signs what execution may send, an operator signs commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.approval.key_text import (
    SIM_OPERATOR_PRIVATE_KEY,
    SIM_OPERATOR_PUBLIC_KEY,
    SIM_PRIVATE_KEY,
    SIM_PUBLIC_KEY,
    from_text,
)
from shared.domain.incoherent import Incoherent
from shared.domain.level import BASIC

if TYPE_CHECKING:
    from shared.approval.commands import CommandJudge
    from shared.approval.signing import Realm, Signer

#: What to do for a process that lacks its key.
_MAKE: Final = "`ict keys new` makes a pair"


class _PairSettings(BaseModel):
    """One pair of keys: the private one signs, the public one verifies.

    Without either, modes sim and paper use the simulation's pair, which everybody knows. With the private key alone, its
    public key is computed there; in modes testnet and live each is to be given to the process that uses it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Name of the section; what is signed, in the words of the errors; the simulation's pair.
    SECTION: ClassVar[str]
    SIGNS: ClassVar[str]
    VERIFIES: ClassVar[str]
    SIM_PAIR: ClassVar[tuple[str, str]]

    private_key: SecretStr | None = None
    public_key: str | None = None

    @field_validator("private_key")
    @classmethod
    def _is_private(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            from_text("private", key.get_secret_value())
        return key

    @field_validator("public_key")
    @classmethod
    def _is_public(cls, key: str | None) -> str | None:
        if key is not None:
            from_text("public", key)
        return key

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.private_key is not None and self.public_key is not None:
            from shared.approval.signing import (
                public_key_of,  # it loads OpenSSL, which a process with one key needs not here
            )

            if public_key_of(self.private_key.get_secret_value()) != self.public_key:
                text = f"is not the public key of {self.SECTION}.private_key: take both from one pair"
                raise Incoherent({"public_key": text})
        return self

    def published(self) -> dict[str, str]:
        """Return, by the name of its setting, each key that is the simulation's and was set all the same."""
        private = self.private_key.get_secret_value() if self.private_key is not None else None
        text = "is the simulation's, which everybody knows: make a pair of your own with `ict keys new`"
        sim_private, sim_public = self.SIM_PAIR
        known = {"private_key": private == sim_private, "public_key": self.public_key == sim_public}
        return {name: text for name, same in known.items() if same}

    def signing_key(self, *, simulated: bool) -> str:
        """Return the private key. ``simulated``: mode sim or paper. Raises ValueError if it was not set and must be."""
        if self.private_key is not None:
            return self.private_key.get_secret_value()
        if not simulated:
            raise ValueError(f"{self.SIGNS}: set {self.SECTION}.private_key; {_MAKE}")
        if self.public_key is not None:
            raise ValueError(f"{self.SECTION}.public_key is set, and its private key is not: set it too; {_MAKE}")
        return self.SIM_PAIR[0]

    def verifying_key(self, *, simulated: bool) -> str:
        """Return the public key. ``simulated``: mode sim or paper. Raises ValueError if it was not set and must be."""
        if self.public_key is not None:
            return self.public_key
        if not simulated:
            raise ValueError(f"{self.VERIFIES}: set {self.SECTION}.public_key; {_MAKE}")
        if self.private_key is None:
            return self.SIM_PAIR[1]
        from shared.approval.signing import public_key_of  # see above

        return public_key_of(self.private_key.get_secret_value())


class ApprovalSettings(_PairSettings):
    """The pair of risk, which ``ict keys new`` makes: the private key is for risk alone, the public one for execution."""

    SECTION = "approval"
    SIGNS = "this process signs what risk approves"
    VERIFIES = "this process verifies what risk approved"
    SIM_PAIR = (SIM_PRIVATE_KEY, SIM_PUBLIC_KEY)

    private_key: SecretStr | None = Field(
        None,
        description="Signs what risk approves; for risk alone (layout fused: engine); null = the simulation's",
        json_schema_extra=BASIC,
    )
    public_key: str | None = Field(
        None,
        description="Verifies what risk signed; for execution; null = the simulation's",
        json_schema_extra=BASIC,
    )


class OperatorSettings(_PairSettings):
    """The operator's pair, which ``ict keys new`` makes: the private key is for whoever types `ict pause` and its like.

    No service has it. Signals, risk and execution have the public one.
    """

    SECTION = "operator"
    SIGNS = "commands are signed"
    VERIFIES = "this process verifies commands"
    SIM_PAIR = (SIM_OPERATOR_PRIVATE_KEY, SIM_OPERATOR_PUBLIC_KEY)

    private_key: SecretStr | None = Field(
        None,
        description="Signs commands such as `ict pause`; for the operator, never a service; null = the simulation's",
        json_schema_extra=BASIC,
    )
    public_key: str | None = Field(
        None,
        description="Verifies commands; for signals, risk (layout fused: engine) and execution; null = the simulation's",
        json_schema_extra=BASIC,
    )

    def signer(self, realm: Realm, *, simulated: bool) -> Signer:
        """Return what signs commands. ``simulated``: see ``signing_key``, also for what it raises."""
        from shared.approval.signing import COMMAND, Signer  # see above

        return Signer(self.signing_key(simulated=simulated), realm, COMMAND)

    def judge(self, realm: Realm, *, simulated: bool, timed: bool) -> CommandJudge:
        """Return what judges commands. ``timed``: see ``CommandJudge``; ``simulated``: see ``verifying_key``."""
        from shared.approval.commands import judge_of  # see above
        from shared.approval.signing import COMMAND, Verifier

        return judge_of(Verifier(self.verifying_key(simulated=simulated), realm, COMMAND), timed=timed)
