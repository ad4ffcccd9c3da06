"""Defines the settings of the key pair with which risk signs and execution verifies."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.approval.key_text import SIM_PRIVATE_KEY, SIM_PUBLIC_KEY, from_text
from shared.domain.incoherent import Incoherent
from shared.domain.level import BASIC

#: What to do for a process that lacks its key.
_MAKE: Final = "`ict keys new` makes a pair"


class ApprovalSettings(BaseModel):
    """The pair that ``ict keys new`` makes: the private key is for risk alone, the public one for execution.

    Without either, modes sim and paper use the simulation's pair, which everybody knows. With the private key alone, its
    public key is computed there; in modes testnet and live each is to be given to the process that uses it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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
                raise Incoherent({"public_key": "is not the public key of approval.private_key: take both from one pair"})
        return self

    def published(self) -> dict[str, str]:
        """Return, by the name of its setting, each key that is the simulation's and was set all the same."""
        private = self.private_key.get_secret_value() if self.private_key is not None else None
        text = "is the simulation's, which everybody knows: make a pair of your own with `ict keys new`"
        known = {"private_key": private == SIM_PRIVATE_KEY, "public_key": self.public_key == SIM_PUBLIC_KEY}
        return {name: text for name, same in known.items() if same}

    def signing_key(self, *, simulated: bool) -> str:
        """Return the private key. ``simulated``: mode sim or paper. Raises ValueError if it was not set and must be."""
        if self.private_key is not None:
            return self.private_key.get_secret_value()
        if not simulated:
            raise ValueError(f"this process signs what risk approves: set approval.private_key; {_MAKE}")
        if self.public_key is not None:
            raise ValueError(f"approval.public_key is set, and its private key is not: set it too; {_MAKE}")
        return SIM_PRIVATE_KEY

    def verifying_key(self, *, simulated: bool) -> str:
        """Return the public key. ``simulated``: mode sim or paper. Raises ValueError if it was not set and must be."""
        if self.public_key is not None:
            return self.public_key
        if not simulated:
            raise ValueError(f"this process verifies what risk approved: set approval.public_key; {_MAKE}")
        if self.private_key is None:
            return SIM_PUBLIC_KEY
        from shared.approval.signing import public_key_of  # see above

        return public_key_of(self.private_key.get_secret_value())
