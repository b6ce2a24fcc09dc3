"""Settings of the Jupyter server of a session: one secret, one home, one kernel of its own.

Given with `--config`, which outweighs whatever the user's own files say.
"""

import logging
import os
from pathlib import Path
from typing import Any

SESSION = Path("/opt/sessiontui/session")
HOME = "/home/work"

token = (SESSION / "secret").read_text(encoding="utf-8").strip()
if not token:
    # An empty token means: let everybody in.
    raise SystemExit("sessiontui: the session has no secret; Jupyter is not started")

make_record = logging.getLogRecordFactory()


def record_without_secret(*args: object, **kwargs: object) -> logging.LogRecord:
    """Some of the server's messages quote the whole address of a request; the log is for others too."""
    record = make_record(*args, **kwargs)
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        return record
    if token in message:
        record.msg, record.args = message.replace(token, "[secret]"), ()
    return record


logging.setLogRecordFactory(record_without_secret)

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# --- who gets in: the engine publishes the port on the host's loopback only ---
c.IdentityProvider.token = token
c.PasswordIdentityProvider.hashed_password = ""
c.ServerApp.ip = "0.0.0.0"  # noqa: S104
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.allow_remote_access = True  # reached under any name: ssh -L, a proxy
c.ServerApp.allow_root = True

# --- what a person sees ---
c.ServerApp.root_dir = HOME
c.ServerApp.open_browser = False
c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL", "/bin/sh"), "-l"]}
c.FileContentsManager.delete_to_trash = False
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"


def page_without_questions(handler: object, page: dict[str, Any]) -> dict[str, Any]:
    """Without its news, JupyterLab still asks everybody whether to show some; a build needs Node.js."""
    disabled = [*page.get("disabledExtensions", ()), "@jupyterlab/apputils-extension:announcements"]
    return {**page, "disabledExtensions": disabled, "buildCheck": False}


c.ServerApp.tornado_settings = {"page_config_hook": page_without_questions}

if (SESSION / "jupyter" / "kernels" / "sessiontui" / "kernel.json").exists():
    c.KernelSpecManager.ensure_native_kernel = False
    c.MultiKernelManager.default_kernel_name = "sessiontui"
