"""How builds reach package indexes."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from sessiontui.host.build_settings import read_build_settings

CERTIFICATE = b"# Example\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A user's environment on a machine that has no settings at all."""
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def pip_of(environ: dict[str, str], root: Path) -> dict[str, str]:
    """The pip.conf made, read back as pip reads it."""
    parser = configparser.RawConfigParser()
    parser.read_string(read_build_settings(environ, root).pip)
    return dict(parser["global"]) if parser.has_section("global") else {}


def test_machine_without_settings_gives_none(tmp_path: Path, home: dict[str, str]) -> None:
    settings = read_build_settings(home, tmp_path)
    assert (settings.certificates, settings.pip, settings.proxies) == (b"", "", {})


def test_pip_files_are_read_in_pips_order(tmp_path: Path, home: dict[str, str]) -> None:
    write(tmp_path / "xdg/pip/pip.conf", "[global]\nindex-url = https://first.example/simple\nretries = 1\n")
    write(tmp_path / "etc/pip.conf", "[global]\nindex-url = https://second.example/simple\ntimeout = 7\n")
    write(tmp_path / "home/.pip/pip.conf", "[global]\nindex_url = https://third.example/simple\n")
    user = write(
        tmp_path / "home/.config/pip/pip.conf",
        "[global]\nindex-url = https://4.example/simple\n[install]\ntrusted-host = a.example b.example\n",
    )
    assert pip_of(home, tmp_path) == {
        "index-url": "https://4.example/simple",
        "timeout": "7",
        "retries": "1",
        "trusted-host": "\na.example\nb.example",
    }
    named = write(tmp_path / "mine.conf", "[global]\nindex-url = https://fifth.example/simple\n")
    environ = {**home, "PIP_CONFIG_FILE": str(named)}
    assert pip_of(environ, tmp_path)["index-url"] == "https://fifth.example/simple"
    assert "trusted-host" not in pip_of(environ, tmp_path), "a named file stands for the user's own"
    assert pip_of({**environ, "PIP_INDEX_URL": "https://six.example/"}, tmp_path)["index-url"] == (
        "https://six.example/"
    )
    assert pip_of({**home, "PIP_CONFIG_FILE": os.devnull}, tmp_path) == {}
    user.write_text("no section\n")
    assert pip_of(home, tmp_path)["index-url"] == "https://third.example/simple"


def test_what_a_build_cannot_see_is_left_out(tmp_path: Path, home: dict[str, str]) -> None:
    write(
        tmp_path / "etc/pip.conf",
        "[global]\nindex-url = file:///srv/simple\nfind-links = /srv/wheels\n    https://wheels.example/\n"
        "extra-index-url = file:///srv/more https://extra.example/simple http://localhost:3141/root\n"
        "no-index = true\ncache-dir = /var/cache/pip\nproxy = http://127.0.0.1:3128\n",
    )
    assert pip_of(home, tmp_path) == {
        "extra-index-url": "\nhttps://extra.example/simple",
        "find-links": "\nhttps://wheels.example/",
    }


def test_pips_other_names_for_settings(tmp_path: Path, home: dict[str, str]) -> None:
    assert pip_of({**home, "PIP_DEFAULT_TIMEOUT": "180"}, tmp_path) == {"timeout": "180"}


def test_percent_signs_stay_as_they_are(tmp_path: Path, home: dict[str, str]) -> None:
    write(tmp_path / "etc/pip.conf", "[global]\nindex-url = https://u:p%40w@pypi.example/simple\n")
    assert pip_of(home, tmp_path)["index-url"] == "https://u:p%40w@pypi.example/simple"


def test_certificates_are_those_pip_would_take(tmp_path: Path, home: dict[str, str]) -> None:
    bundles = {}
    for name in ("system", "pip", "requests", "curl", "ssl", "configured"):
        place = "etc/ssl/certs/ca-certificates.crt" if name == "system" else f"{name}.pem"
        bundles[name] = write(tmp_path / place, CERTIFICATE.decode() + name)

    def chosen(**environ: str) -> str:
        content = read_build_settings({**home, **environ}, tmp_path).certificates
        return content.decode().rpartition("\n")[2]

    assert chosen() == "system"
    assert chosen(SSL_CERT_FILE=str(bundles["ssl"])) == "ssl"
    assert chosen(SSL_CERT_FILE=str(bundles["ssl"]), CURL_CA_BUNDLE=str(bundles["curl"])) == "curl"
    assert (
        chosen(CURL_CA_BUNDLE=str(bundles["curl"]), REQUESTS_CA_BUNDLE=str(bundles["requests"])) == "requests"
    )
    write(tmp_path / "etc/pip.conf", f"[global]\ncert = {bundles['configured']}\n")
    assert chosen(REQUESTS_CA_BUNDLE=str(bundles["requests"])) == "configured"
    assert chosen(PIP_CERT=str(bundles["pip"])) == "pip"
    assert chosen(PIP_CERT=str(tmp_path / "gone.pem")) == "system"
    write(tmp_path / "empty.pem", "")
    assert chosen(PIP_CERT=str(tmp_path / "empty.pem")) == "system"


def test_proxies_are_given_in_both_spellings(tmp_path: Path, home: dict[str, str]) -> None:
    environ = {**home, "HTTP_PROXY": "http://proxy.example:3128", "no_proxy": "localhost,.example"}
    assert read_build_settings(environ, tmp_path).proxies == {
        "http_proxy": "http://proxy.example:3128",
        "HTTP_PROXY": "http://proxy.example:3128",
        "no_proxy": "localhost,.example",
        "NO_PROXY": "localhost,.example",
    }


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:3128", "http://localhost:8118", "socks5://proxy:1080"])
def test_proxy_that_a_build_cannot_reach_is_left_out(
    tmp_path: Path, home: dict[str, str], proxy: str
) -> None:
    environ = {**home, "https_proxy": proxy, "NO_PROXY": "x"}
    assert read_build_settings(environ, tmp_path).proxies == {}
