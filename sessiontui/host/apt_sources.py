"""Where this machine gets the distribution's packages, so that a base made here comes from there too.

Formats: sources.list(5), one line each (``*.list``) and deb822 (``*.sources``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sessiontui.host.system import System

_LINE = re.compile(
    r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$"
)
_PARTS = ("", "-updates", "-security")
"""Parts of a release that a base is made of; backports and proposals are not."""
_COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
"""Where our recipe's packages are: Ubuntu keeps pip and venv in universe."""


@dataclass(frozen=True, slots=True)
class Source:
    """One suite of one archive."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    """Path of its keyring; empty when apt's own keyrings sign it."""


def read_sources(root: Path = Path("/")) -> tuple[Source, ...]:
    """All binary package sources of the system under a root directory, in apt's order."""
    directory = root / "etc/apt/sources.list.d"
    extra = sorted(directory.iterdir()) if directory.is_dir() else []
    found: list[Source] = []
    for file in [root / "etc/apt/sources.list", *extra]:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if file.suffix == ".list":
            found += _from_lines(text)
        elif file.suffix == ".sources":
            found += _from_stanzas(text)
    return tuple(one for source in found for one in _with_reachable_uri(source, root))


def sources_of(distribution: str, system: System, sources: Iterable[Source]) -> tuple[Source, ...]:
    """This machine's sources for a suite (``debian-bookworm``): of the same distribution, any release.

    None when it has none; the archive's public name is then the one to ask.
    """
    name, _, codename = distribution.partition("-")
    if name != system.id:
        return ()
    found: dict[str, Source] = {}
    releases = {system.codename, "stable", "oldstable"}
    for source in sources:
        base, hyphen, part = source.suite.partition("-")
        components = tuple(one for one in _COMPONENTS.get(name, ()) if one in source.components)
        if base in releases and hyphen + part in _PARTS and components:
            suite = codename + hyphen + part
            found.setdefault(suite, Source(source.uri, suite, components, source.signed_by))
    return tuple(found.values()) if codename in found else ()


def _from_lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = _LINE.match(line.partition("#")[0].strip())
        if match:
            options = dict(
                option.partition("=")[::2] for option in (match["options"] or "").split() if "=" in option
            )
            yield Source(
                match["uri"],
                match["suite"],
                tuple(match["components"].split()),
                options.get("signed-by", ""),
            )


def _from_stanzas(text: str) -> Iterator[Source]:
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", without_comments):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(
                    uri,
                    suite,
                    tuple(fields.get("components", "").split()),
                    signed_by if signed_by.startswith("/") and "\n" not in signed_by else "",
                )


def _fields(stanza: str) -> dict[str, str]:
    """The fields of a stanza by lower-case name; lines that begin with a blank go on."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _with_reachable_uri(source: Source, root: Path) -> Iterator[Source]:
    """The source if a base's own apt can use its address as well, a list of mirrors by its first.

    An address that holds a password is left out: it would stay in the base.
    """
    uri = source.uri
    if uri.startswith("mirror+file:"):
        path = re.sub(r"^mirror\+file:/*", "", uri)
        try:
            lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        uri = next((line.split()[0] for line in lines if line.startswith("http")), "")
    if urlsplit(uri).scheme in ("http", "https") and "@" not in urlsplit(uri).netloc:
        yield Source(uri, source.suite, source.components, source.signed_by)
