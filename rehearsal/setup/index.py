"""Translate pip's configuration for uv, which reads none of it: which index, which certificates, which proxy.

pip's options: its configuration files and `PIP_*` variables, as `pip config list` prints them. uv's
variables: https://docs.astral.sh/uv/reference/environment/.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

# pip's sections for the install command, the strongest first.
SECTIONS = (":env:", "install", "global")
# Options that don't change what is installed or from where.
IRRELEVANT = frozenset(
    {
        "cache-dir", "disable-pip-version-check", "no-cache-dir", "no-color", "no-input",
        "no-python-version-warning", "no-warn-script-location", "prefer-binary", "progress-bar", "quiet",
        "require-virtualenv", "resume-retries", "retries", "root-user-action", "use-feature", "verbose",
    }
)  # fmt: skip
# pip's option: uv's variable. The user's own setting of that variable is stronger.
TRANSLATED = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
COMMA_SEPARATED = frozenset({"UV_FIND_LINKS"})


class NotTranslatable(Exception):
    """pip is configured in a way that uv has no counterpart for: use pip."""


def uv_environment(pip_config_list: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv install from where pip would.

    `pip_config_list` is what `pip config list` prints: lines `section.option='value'`, several values
    separated by newlines or blanks. Raises NotTranslatable, naming the option.
    """
    options: dict[str, str] = {}
    for section in reversed(SECTIONS):
        options |= _section(pip_config_list, section)
    variables: dict[str, str] = {}
    for option, value in options.items():
        if option in IRRELEVANT:
            continue
        if option not in TRANSLATED:
            raise NotTranslatable(f"pip's option {option!r} is set, which uv can't be told")
        variable = TRANSLATED[option]
        if variable not in environment:
            variables[variable] = (",".join if variable in COMMA_SEPARATED else " ".join)(value.split())
    if "UV_INDEX" in variables:
        # pip looks into all indexes at once; the hashes say which file is the right one.
        variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return variables


def _section(pip_config_list: str, section: str) -> dict[str, str]:
    found = re.findall(rf"^{re.escape(section)}\.([\w-]+)=(.+)$", pip_config_list, re.MULTILINE)
    return {option.lower().replace("_", "-"): str(ast.literal_eval(value)) for option, value in found}
