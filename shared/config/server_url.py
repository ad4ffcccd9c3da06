"""Addresses of servers in the settings: their scheme and port are checked, their password is never shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from shared.config.masking import without_password


class ServerUrl(SecretStr):
    """An address with credentials. Printed, it shows the server but never the password."""

    def _display(self) -> str:
        return without_password(self.get_secret_value())


def with_scheme(*schemes: str) -> AfterValidator:
    """Return what refuses an address of another scheme, or with a port that is none. schemes: with ``://``."""

    def check(url: ServerUrl) -> ServerUrl:
        text = url.get_secret_value()
        if not text.startswith(schemes):
            raise ValueError(f"must begin with {' or '.join(schemes)}")
        try:
            urlsplit(text).port  # noqa: B018  reading it is what checks it
        except ValueError:
            raise ValueError("has a port that is no number from 0 to 65535: write scheme://host:port/") from None
        return url

    return AfterValidator(check)
