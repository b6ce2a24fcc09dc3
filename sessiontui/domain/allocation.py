"""Who may have which GPU beside whom: pure rules."""

from __future__ import annotations

from sessiontui.domain.gpu import Holder


def conflict(shared: bool, uid: int, holder: Holder) -> bool:
    """Whether a session of that user, launched to share its GPUs or not, keeps a device from a holder.

    Two sessions have one device only where both were launched to share, or where they are of one user and
    one of them was. Of two sessions each sees it alike. A container that is no session knows nothing of
    sharing: it is put up with by who asked to share.
    """
    if not holder.session_id:
        return not shared
    return not (shared and holder.shared) and not (uid == holder.uid and (shared or holder.shared))
