"""The folders beside an engine that is only played: directories that go with the program."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp

from sessiontui.domain.folder import Identity
from sessiontui.domain.session import Owner
from sessiontui.storage.directories import Directories

_FILES = {
    "data/README.md": b"# Flowers\n\nPictures of five kinds, by kind; `labels.csv` names them.\n",
    "data/labels.csv": b"file,kind\n" + b"".join(b"%05d.jpg,tulip\n" % number for number in range(2000)),
    "models/resnet-50/config.json": b'{"layers": 50, "classes": 5}\n',
    "models/resnet-50/weights.bin": bytes(3 << 20),
}
"""What is in them, by path."""


class FoldersOfDemo(Directories):
    """Real ones, of which no session gets any: what a session mounts need not be there."""

    def identify(self, path: str) -> Identity | None:
        """See the port."""
        return None


def played_folders(owner: Owner) -> tuple[FoldersOfDemo, Path]:
    """Some that are none of the person's, and where they are: removed when the program ends."""
    kept = Path(mkdtemp(prefix="sessiontui-demo-")).resolve()
    root = kept / "sessiontui"
    storage = FoldersOfDemo(root, owner)
    weakref.finalize(storage, shutil.rmtree, kept, ignore_errors=True)
    for path, content in _FILES.items():
        folder, _, _ = path.partition("/")
        if not (root / folder).exists():
            storage.create(folder)
        file = root / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    return storage, root
