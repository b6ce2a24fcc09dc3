"""A registry that gives one image to an engine of a test's own, from inside the engine's network."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.private_engine import PrivateEngine

PORT = 5000
"""In a network where nobody else is."""
_DOCKER = "application/vnd.docker"
_MANIFEST = f"{_DOCKER}.distribution.manifest.v2+json"

# What a pull asks for are files at fixed paths (the registry's HTTP API V2); a network that was just
# made has its loopback down (netdevice(7): SIOCSIFFLAGS with IFF_UP).
_SERVER = f"""
import fcntl, http.server, socket, struct
with socket.socket() as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))
class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {{"": "{_MANIFEST}"}}
server = http.server.ThreadingHTTPServer(("127.0.0.1", {PORT}), Files)
print("listens", flush=True)
server.serve_forever()
"""


@contextmanager
def served_image(private: PrivateEngine, layers: Sequence[bytes], directory: Path) -> Iterator[str]:
    """The name under which the engine, as long as it is not restarted, can pull an image.

    Each of ``layers`` is the content of the one file of a layer.
    """
    _write_image(layers, directory / "v2/big")
    command = private.in_its_network([sys.executable, "-c", _SERVER])
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "listens\n"
            yield f"127.0.0.1:{PORT}/big:1"
        finally:
            server.terminate()


def _write_image(layers: Sequence[bytes], directory: Path) -> None:
    blobs, manifests = directory / "blobs", directory / "manifests"
    blobs.mkdir(parents=True)
    manifests.mkdir()

    def blob(kind: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        (blobs / digest).write_bytes(content)
        return {"mediaType": f"{_DOCKER}.{kind}", "size": len(content), "digest": digest}

    archives = [_archive(f"layer{number}", content) for number, content in enumerate(layers)]
    # The engine looks whether a layer is packed: a tar as it is will do.
    packed = [blob("image.rootfs.diff.tar.gzip", archive) for archive in archives]
    root = {"type": "layers", "diff_ids": [layer["digest"] for layer in packed]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": root})
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": blob("container.image.v1+json", config.encode()),
        "layers": packed,
    }
    written = json.dumps(manifest).encode()
    # Asked for by its tag, then by its digest.
    for name in ("1", f"sha256:{hashlib.sha256(written).hexdigest()}"):
        (manifests / name).write_bytes(written)


def _archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
