"""How this machine reaches package indexes, for image builds that must go the same way.

Sources: pip's configuration files and variables (pip.pypa.io, *Configuration*) and the usual
variables for proxies and certificates. What names a path or an address of this machine alone is
left out: a build would not see it.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sessiontui.host.port import BuildSettings

_BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/cert.pem",
)
"""Where distributions keep the certificates of all they trust."""
_LISTS = ("extra-index-url", "trusted-host", "find-links")
"""Settings that hold several values."""
_SINGLE = ("index-url", "timeout", "retries", "proxy")
_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}
"""Other names pip takes for a setting."""
_ADDRESSES = ("index-url", "extra-index-url", "find-links")
_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - names to leave out
"""Hosts that mean this machine; inside a build they mean the build."""


def read_build_settings(environ: Mapping[str, str], root: Path = Path("/")) -> BuildSettings:
    """What an image build needs to fetch packages as this machine does."""
    settings = _pip_settings(environ, root)
    return BuildSettings(_certificates(environ, settings, root), _pip_conf(settings), _proxies(environ))


def _certificates(environ: Mapping[str, str], settings: Mapping[str, str], root: Path) -> bytes:
    """The first bundle that pip would take; a file without a certificate is passed over."""
    named = (
        settings.get("cert", ""),
        environ.get("REQUESTS_CA_BUNDLE", ""),
        environ.get("CURL_CA_BUNDLE", ""),
        environ.get("SSL_CERT_FILE", ""),
    )
    for path in (*(Path(one) for one in named if one), *(root / one for one in _BUNDLES)):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if b"-----BEGIN CERTIFICATE-----" in content:
            return content
    return b""


def _pip_settings(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """pip's settings by name; later files, then variables, win over earlier ones."""
    settings: dict[str, str] = {}
    for section in ("global", "install"):
        for file in _pip_files(environ, root):
            settings.update(_section(file, section))
    for variable, value in environ.items():
        if variable.startswith("PIP_") and value:
            settings[_normal(variable.removeprefix("PIP_"))] = value
    return settings


def _pip_files(environ: Mapping[str, str], root: Path) -> Iterator[Path]:
    """pip's configuration files in the order it reads them."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    for directory in reversed((environ.get("XDG_CONFIG_DIRS") or str(root / "etc/xdg")).split(":")):
        yield Path(directory) / "pip/pip.conf"
    yield root / "etc/pip.conf"
    home = environ.get("HOME", "")
    if home and not Path(named or "/nonexistent").exists():
        yield Path(home) / ".pip/pip.conf"
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "pip/pip.conf"
    if sys.prefix != sys.base_prefix:
        yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named)


def _section(file: Path, section: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    if not parser.has_section(section):
        return {}
    return {_normal(name): value for name, value in parser.items(section)}


def _normal(name: str) -> str:
    plain = name.lower().replace("_", "-").removeprefix("--")
    return _ALIASES.get(plain, plain)


def _pip_conf(settings: Mapping[str, str]) -> str:
    """A pip.conf of the settings that hold inside a build; empty when there are none."""
    lines = []
    for name in (*_SINGLE, *_LISTS):
        values = settings.get(name, "").split()
        if name in _ADDRESSES or name == "proxy":
            values = [value for value in values if _is_elsewhere(value)]
        if name in _LISTS and values:
            lines += [f"{name} =", *(f"    {value}" for value in values)]
        elif values:
            lines.append(f"{name} = {values[0]}")
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Proxies under both spellings, since programs differ in which they read."""
    found: dict[str, str] = {}
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy"):
        value = environ.get(name) or environ.get(name.upper()) or ""
        if value and (name == "no_proxy" or _is_elsewhere(value)):
            found |= {name: value, name.upper(): value}
    return found if found.keys() - {"no_proxy", "NO_PROXY"} else {}


def _is_elsewhere(address: str) -> bool:
    """Whether an address can be reached from a build as it can from here."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    try:
        return parts.scheme in ("http", "https") and (parts.hostname or "") not in ("", *_HERE)
    except ValueError:
        return False
