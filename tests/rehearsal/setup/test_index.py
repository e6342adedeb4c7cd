"""uv installs from where pip would."""

from __future__ import annotations

import pytest

from rehearsal.setup.index import NotTranslatable, uv_environment

LISTED = """\
:env:.default-timeout='180'
:env:.find-links='/opt/wheels /opt/more'
global.cert='/etc/ssl/company.crt'
global.index-url='https://index.example/simple'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
install.index-url='https://install.example/simple'
"""


def test_pips_configuration_is_translated() -> None:
    """Guards: a company's index, certificates or wheel folder that uv doesn't know, so that nothing installs."""
    assert uv_environment(LISTED, {}) == {
        "UV_HTTP_TIMEOUT": "180",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "SSL_CERT_FILE": "/etc/ssl/company.crt",
        "UV_DEFAULT_INDEX": "https://install.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_the_environment_is_stronger_than_the_files() -> None:
    """Guards: PIP_INDEX_URL of this shell overruled by a file in the home folder."""
    listed = "global.index-url='https://file.example'\n:env:.index-url='https://shell.example'\n"
    assert uv_environment(listed, {}) == {"UV_DEFAULT_INDEX": "https://shell.example"}


def test_uvs_own_settings_stay() -> None:
    """Guards: a user's uv configuration overruled by their pip configuration."""
    assert uv_environment(LISTED, {"UV_DEFAULT_INDEX": "https://uv.example"}).get("UV_DEFAULT_INDEX") is None


@pytest.mark.parametrize("line", ["global.no-index='true'", "install.constraint='/etc/constraints.txt'"])
def test_what_uv_cannot_be_told_is_left_to_pip(line: str) -> None:
    """Guards: a setting of the user's, a constraint say, silently dropped."""
    with pytest.raises(NotTranslatable, match="is set, which uv can't be told"):
        uv_environment(f"{line}\n", {})


def test_what_does_not_matter_is_passed_over() -> None:
    """Guards: the slow way taken because of a progress bar."""
    assert uv_environment("global.progress-bar='off'\nfreeze.timeout='10'\n", {}) == {}
