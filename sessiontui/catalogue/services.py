"""The apps of an image whose labels name its services: ours of the same kind, secured as ours are.

Backend.AI starts what it names without any login, behind a proxy of its own. Here such a command is never
run: an app of the catalogue takes its place, and what there is none for is left to its user to start.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from sessiontui.catalogue.backendai import Described, Service
from sessiontui.domain.environment import App
from sessiontui.domain.own_ports import YOURS

_OURS: Mapping[str, tuple[str, ...]] = {
    "jupyter": ("jupyter", "notebook"),
    "notebook": ("jupyter", "notebook"),
    "vscode": ("code-server",),
    "ttyd": ("terminal",),
    "sshd": ("ssh",),
    "sftp": ("sftp", "ssh"),
    "sftpd": ("sftp", "ssh"),
    "vnc-web": ("novnc",),
}
"""Names of our apps for a service, the first that there is; for all others the name is the same."""

_CARRIERS = ("jupyterlab", "jupyter", "notebook")
"""Apps whose server can hand on to others."""

_ALWAYS = ("terminal", "ssh", "sftp")
"""Every image has them that can run them."""

_PYTHON = "SESSIONTUI_PYTHON"
"""Variable by which apps take another Python than the first on the path."""


def apps_of(image: Described, known: Mapping[str, App]) -> tuple[App, ...]:
    """The apps of the image; ``known`` are those of the catalogue by name.

    A plain image may have any of them: what it really has shows inside.
    """
    ours: dict[str, App] = {}
    others: list[Service] = []
    for service in image.services:
        if (app := _ours(service, known)) is not None:
            ours[app.name] = app
        else:
            others.append(service)
    rest = _ALWAYS if image.kernelspec else tuple(known)
    ours |= {name: known[name] for name in rest if name in known and name not in ours}
    carrier = next((name for name in _CARRIERS if name in ours and ours[name].published), "")
    for app in [app for app in ours.values() if app.via and app.via not in ours]:
        ours[app.name] = replace(app, via=carrier) if carrier else _alone(app)
    taken = {app.port for app in ours.values()}
    yours: dict[int, App] = {}
    for service in others:
        for port in service.ports:
            if port > 1023 and port not in taken | yours.keys():
                yours[port] = _own(service, port, carrier)
    apps = (*(_with_python(app, image) for app in ours.values()), *yours.values())
    return tuple({app.name: app for app in reversed(apps)}.values())[::-1]


def _ours(service: Service, known: Mapping[str, App]) -> App | None:
    names = _OURS.get(service.name.lower(), (service.name.lower(),))
    app = next((known[name] for name in names if name in known), None)
    # What its user starts is not started by us, with what is there always excepted.
    return None if app and service.protocol == "preopen" and app.name not in _ALWAYS else app


def _alone(app: App) -> App:
    """The app without a server that carries it: its page begins at its own port's root."""
    return replace(app, via="", path=re.sub(rf"^/proxy/(?:absolute/)?{app.port}/", "/", app.path))


def _own(service: Service, port: int, carrier: str) -> App:
    """What its user starts on a port: a page behind the carrier's secret, or anything else on loopback."""
    first = port == service.ports[0]
    page = service.protocol in ("http", "preopen")
    return App(
        name=service.name if first else f"{service.name}-{port}",
        label=service.name if first else f"{service.name} {port}",
        protocol="http" if page else "tcp",
        port=port,
        path=f"/proxy/{port}/" if page and carrier else "/" if page else "",
        via=carrier if page else "",
        group=YOURS,
        own=True,
    )


def _with_python(app: App, image: Described) -> App:
    """The app with the image's own Python, where its label names one."""
    path = image.runtime_path
    if app.protocol != "http" or not path.rpartition("/")[2].startswith("python"):
        return app
    prefix = f"export {_PYTHON}={shlex.quote(path)}; "
    return replace(
        app,
        command=prefix + app.command if app.command else "",
        needs=prefix + app.needs if app.needs else "",
        carries=prefix + app.carries if app.carries else "",
    )
