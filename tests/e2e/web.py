"""Asking a web server as a program does that has no browser: no redirect is followed, no cookie kept."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def fetch(
    url: str, *, method: str = "GET", data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Status and body, redirects not followed: a login page is no answer."""

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


def upgrade(url: str, headers: Mapping[str, str] | None = None) -> int:
    """Status of the answer to a request for a WebSocket: 101 where it is opened."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=asked | dict(headers or {}))
        with connection.getresponse() as answer:
            return answer.status
    finally:
        connection.close()


def without_secret(url: str) -> str:
    return url.partition("?")[0]
