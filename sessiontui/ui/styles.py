"""Finds the style sheets, wherever sessiontui was installed from."""

from __future__ import annotations

from pathlib import Path

import sessiontui


def stylesheet(name: str) -> Path:
    """The style sheet of that file name.

    A wheel carries them inside the package; a checkout (and an editable install of it) keeps them
    in ``styles/`` beside the package.
    """
    package = Path(sessiontui.__file__).parent
    shipped = package / "styles"
    return (shipped if shipped.is_dir() else package.parent / "styles") / name
