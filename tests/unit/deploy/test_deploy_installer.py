"""Where pip is told to look, uv looks too; settings that it does not know are left to pip."""

from __future__ import annotations

import pytest

from cli.install import uv_environment

STRATEGY = {"UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        ([], {}),
        (["global.index-url='https://index.example/simple'"], {"UV_DEFAULT_INDEX": "https://index.example/simple"}),
        (["global.extra-index-url='https://a.example\\nfile:///b'"], {"UV_INDEX": "https://a.example file:///b"}),
        (["global.find-links='/one\\n/two'"], {"UV_FIND_LINKS": "/one,/two"}),
        (["global.find-links='/one'", ":env:.find-links='/two'"], {"UV_FIND_LINKS": "/two"}),
        ([":env:.find-links='/two'", "global.find-links='/one'"], {"UV_FIND_LINKS": "/two"}),
        ([":env:.no-index='1'", ":env:.find-links='/one'"], {"UV_NO_INDEX": "1", "UV_FIND_LINKS": "/one"}),
        ([":env:.no-index='0'"], {}),
        (["install.trusted-host='index.example'"], {"UV_INSECURE_HOST": "index.example"}),
        (["global.cert='/etc/ca.pem'", "global.proxy='http://proxy:3128'"],
         {"SSL_CERT_FILE": "/etc/ca.pem", "ALL_PROXY": "http://proxy:3128"}),
        (["global.timeout='60'", "download.no-deps='true'", ":env:.disable-pip-version-check='1'"], {}),
    ],
)  # fmt: skip
def test_settings_of_pip_that_name_a_place_are_told_to_uv(settings: list[str], variables: dict[str, str]) -> None:
    assert uv_environment(settings) == variables | STRATEGY


@pytest.mark.parametrize(
    "setting", ["global.client-cert='/me.pem'", ":env:.keyring-provider='subprocess'", "global.new='1'"]
)
def test_a_setting_that_uv_does_not_know_leaves_the_work_to_pip(setting: str) -> None:
    assert uv_environment(["global.timeout='60'", setting]) is None
