"""Where a machine gets its packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontui.host.apt_sources import Source, read_sources, sources_of
from sessiontui.host.system import System, read_system

BOOKWORM = System("debian", (), "bookworm", "Debian GNU/Linux 12 (bookworm)")
NOBLE = System("ubuntu", ("debian",), "noble", "Ubuntu 24.04 LTS")
DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def system_with(root: Path, **files: str) -> Path:
    """A root directory with some files below ``etc/apt``; ``__`` stands for a dot."""
    for name, text in files.items():
        file = root / "etc/apt" / name.replace("__", ".").replace("_d_", "sources.list.d/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_lines_and_stanzas_are_read(tmp_path: Path) -> None:
    root = system_with(
        tmp_path,
        sources__list=(
            "# deb http://commented.example/debian bookworm main\n"
            "deb http://mirror.example/debian bookworm main contrib # ours\n"
            "deb-src http://mirror.example/debian bookworm main\n"
            "deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/security bookworm-security main\n"
            "nonsense\n"
        ),
        _d_extra__sources=(
            "Types: deb deb-src\n# a comment\nURIs: http://a.example/debian http://b.example/debian\n"
            "Suites: bookworm\n  bookworm-updates\nComponents: main\nSigned-By:\n"
            " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n -----END PGP PUBLIC KEY BLOCK-----\n"
            "\n"
            "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n"
        ),
        _d_other__save="deb http://saved.example/debian bookworm main\n",
    )
    assert read_sources(root) == (
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        Source("https://mirror.example/security", "bookworm-security", ("main",), "/k.gpg"),
        Source("http://a.example/debian", "bookworm", ("main",)),
        Source("http://a.example/debian", "bookworm-updates", ("main",)),
        Source("http://b.example/debian", "bookworm", ("main",)),
        Source("http://b.example/debian", "bookworm-updates", ("main",)),
    )


def test_list_of_mirrors_stands_for_its_first(tmp_path: Path) -> None:
    root = system_with(
        tmp_path,
        sources__list="deb mirror+file:///etc/apt/mirrors.txt bookworm main\n",
        mirrors__txt="# of the cloud\nhttps://cloud.example/debian priority:1\nhttps://b.example/debian\n",
    )
    assert [one.uri for one in read_sources(root)] == ["https://cloud.example/debian"]


@pytest.mark.parametrize(
    "uri",
    [
        "cdrom:[Debian]/",
        "file:///srv/debian",
        "https://me:secret@mirror.example/debian",
        "mirror+file:///nope",
        "ftp://old.example/debian",
    ],
)
def test_what_a_base_could_not_use_or_should_not_know_is_left_out(tmp_path: Path, uri: str) -> None:
    assert read_sources(system_with(tmp_path, sources__list=f"deb {uri} bookworm main\n")) == ()


def test_no_sources_at_all(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == ()


HERE = (
    Source("http://mirror.example/debian", "bookworm", ("main", "contrib")),
    Source("http://mirror.example/debian", "bookworm-updates", ("main",)),
    Source("http://mirror.example/debian", "bookworm-backports", ("main",)),
    Source("http://mirror.example/security", "bookworm-security", ("main",)),
    Source("http://packages.example/tool", "stable", ("tool",)),
    Source("http://packages.example/flat", "./", ()),
)


def test_own_release_comes_from_the_own_mirror() -> None:
    assert sources_of("debian-bookworm", BOOKWORM, HERE) == (
        Source("http://mirror.example/debian", "bookworm", ("main",)),
        Source("http://mirror.example/debian", "bookworm-updates", ("main",)),
        Source("http://mirror.example/security", "bookworm-security", ("main",)),
    )


def test_another_release_of_the_distribution_comes_from_there_too() -> None:
    assert [one.suite for one in sources_of("debian-trixie", BOOKWORM, HERE)] == [
        "trixie",
        "trixie-updates",
        "trixie-security",
    ]


def test_machine_that_names_stable_instead_of_a_release() -> None:
    stable = (Source("http://mirror.example/debian", "stable", ("main",)),)
    assert sources_of("debian-bookworm", BOOKWORM, stable)[0].suite == "bookworm"


def test_another_distribution_has_no_sources_here() -> None:
    assert sources_of("ubuntu-noble", BOOKWORM, HERE) == ()
    assert sources_of("debian-bookworm", BOOKWORM, HERE[1:]) == (), "updates alone make no base"


def test_ubuntu_needs_universe_where_python_is() -> None:
    here = (Source("http://archive.example/ubuntu", "noble", ("main", "restricted", "universe")),)
    assert sources_of("ubuntu-noble", NOBLE, here)[0].components == ("main", "universe")


def test_system_is_read_from_os_release(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n# x=y\nbroken="\n'
    )
    assert read_system(tmp_path) == NOBLE
    assert read_system(tmp_path / "nowhere") == System("", (), "", "this system")
