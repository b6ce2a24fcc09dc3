"""The apps of a session in a real browser: what a person sees there, and what nobody else does."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.browser import Browser
from tests.e2e.dashboard import select
from tests.e2e.terminal import Terminal
from tests.e2e.web import fetch, upgrade, without_secret

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

PAGES = """
/ /lab /tree /terminals/1 /edit/id_container /files/id_container /view/id_container
/proxy/6006/ /proxy/6006/data/runs /proxy/127.0.0.1:6006/ /proxy/8888/lab
/api/contents /api/contents/id_container /api/kernels /api/kernelspecs /api/sessions /api/terminals
/api/status /api/me /lab/api/settings /lab/api/workspaces /metrics
""".split()
"""What the server of a session answers to, and what must say nothing without the secret."""


@pytest.fixture
def launch(sessiontui: SessionTui) -> Iterator[Callable[[str], str]]:
    """Launches sessions by their names, and deletes those at the end: others may be at work here."""
    made: list[str] = []

    def run(name: str) -> str:
        made.append(name)
        done = sessiontui("launch", "python:3.11", "--name", name)
        assert done.returncode == 0, done.stderr
        return name

    yield run
    for name in made:
        sessiontui("rm", "--yes", name)


def url_of(sessiontui: SessionTui, session: str, app: str) -> str:
    done = sessiontui("open", session, app, "--json")
    assert done.returncode == 0, done.stderr
    url = json.loads(done.stdout)["url"]
    assert isinstance(url, str)
    return url


def url_on_screen(terminal: Terminal, app: str, page: str) -> str:
    """Open an app from the dialog and read its URL there, as a person does."""
    # Behind the dialog stand the apps' names, too: the row is what is waited for.
    terminal.wait(rf"│ \S {app} +[○●◌]")
    terminal.click(f" {app} ")
    if app == "TensorBoard":
        terminal.wait("Log directory")
        terminal.keys("Enter")
    return terminal.wait(rf"http://127\.0\.0\.1:\d+{re.escape(page)}\?token=\S+", 90)[0]


def run_cell(browser: Browser, code: str, output: str) -> None:
    """Run a line in the notebook's last cell, and wait for what comes of it."""
    browser.type(code, shift_enter=True)
    browser.wait(".jp-Notebook .jp-OutputArea-output", output)


def test_a_notebook_a_shell_and_tensorboard_share_a_session(
    launch: Callable[[str], str], terminals: Callable[[str], Terminal], browser: Browser
) -> None:
    name = launch("browser-walk")
    terminal = terminals("browser")
    terminal.start("sessiontui")
    select(terminal, name)
    terminal.wait(rf"^ *▸ *{name} ")
    terminal.keys("w")
    terminal.wait(f"Apps of {name}")

    # JupyterLab, from the line in the dialog: one kernel, of that name, and no question asked.
    browser.open(url_on_screen(terminal, "JupyterLab", "/lab"))
    browser.click(".jp-LauncherCard[data-category=Notebook]", "Notebook for SessionTUI")
    browser.wait(".jp-NotebookPanel-toolbar .jp-KernelName", "Notebook for SessionTUI")
    browser.wait(".jp-Notebook-ExecutionIndicator[data-status=idle]", seconds=60)
    browser.click(".jp-Notebook .jp-CodeCell .cm-content")
    run_cell(browser, "2+2", "4")
    run_cell(browser, "open('/home/work/made-in-notebook.txt', 'w').write('made in a notebook')", "18")
    run_cell(browser, "from tensorboard.summary import Writer; writer = Writer('logs/run-1')", "")
    run_cell(browser, "[writer.add_scalar('notebook/squares', n * n, n) for n in range(20)]", "None")
    run_cell(browser, "writer.close(); print('all', 'written')", "all written")
    assert browser.count(".Toastify__toast") == 0
    assert browser.count(".jp-Dialog") == 0

    # Its terminal is a login shell.
    browser.click("[data-command='launcher:create']")
    browser.click(".jp-LauncherCard", "Terminal")
    browser.click(".jp-Terminal .xterm-screen")
    browser.type("shopt login_shell > made-in-terminal.txt; pwd >> made-in-terminal.txt", enter=True)

    # All of it shows in the dashboard's shell.
    terminal.keys("Escape")
    terminal.wait_gone(f"Apps of {name}")
    terminal.keys("s")
    terminal.wait(f"work@{name}", 60)
    terminal.type("clear; cat made-in-notebook.txt; echo; cat made-in-terminal.txt; ls logs")
    terminal.keys("Enter")
    terminal.wait("^made in a notebook$")
    terminal.wait(r"^login_shell\s+on$")
    terminal.wait("^/home/work$")
    terminal.wait("^run-1$")
    terminal.type("exit")
    terminal.keys("Enter")
    terminal.wait(rf"^ *▸ *{name} ")

    # TensorBoard, from the line in the dialog, draws what the notebook wrote.
    terminal.keys("w")
    terminal.wait(f"Apps of {name}")
    browser.open(url_on_screen(terminal, "TensorBoard", "/proxy/6006/"))
    browser.wait("scalar-card [title='notebook/squares']", seconds=60)
    browser.wait("scalar-card line-chart canvas")
    browser.wait("scalar-card line-chart .y-axis", "200")
    browser.wait("scalar-card scalar-card-data-table", "361")
    terminal.keys("Escape")
    terminal.wait_gone(f"Apps of {name}")
    terminal.keys("q")
    terminal.wait("ended with 0")


def test_only_the_secret_opens_the_pages(
    sessiontui: SessionTui, launch: Callable[[str], str], browser: Browser
) -> None:
    name = launch("browser-locked")
    lab = url_of(sessiontui, name, "jupyterlab")
    board = url_of(sessiontui, name, "tensorboard")
    server, _, secret = lab.partition("/lab?token=")
    authorized = {"Authorization": f"token {secret}"}
    kernel = json.loads(fetch(f"{server}/api/kernels", method="POST", headers=authorized)[1])["id"]
    shell = json.loads(fetch(f"{server}/api/terminals", method="POST", headers=authorized)[1])["name"]
    sockets = [f"/api/kernels/{kernel}/channels", f"/terminals/websocket/{shell}"]

    # No page, no figure and no socket without it, nor with a wrong or an empty one.
    for wrong in ("", "?token=", "?token=wrong", f"?token={secret[:-1]}"):
        told = {page: fetch(f"{server}{page}{wrong}") for page in PAGES}
        # The root leads on to /lab, which is asked, too.
        assert {page: status for page, (status, _) in told.items() if status not in (302, 403)} == {}
        assert all(secret not in body and "kernelspecs" not in body for _, body in told.values())
        assert [upgrade(f"{server}{one}{wrong}") for one in sockets] == [403, 403]
        made = fetch(f"{server}/api/kernels{wrong}", method="POST")
        put = fetch(f"{server}/api/contents/evil.txt{wrong}", method="PUT", data=b'{"type": "directory"}')
        assert (made[0], put[0]) == (403, 403)

    # The same with it: none of these is closed to everybody.
    told = {page: fetch(f"{server}{page}?token={secret}") for page in PAGES}
    assert {page: status for page, (status, _) in told.items() if status not in (200, 302)} == {}
    assert told["/"][0] == 302
    assert "TensorBoard" in told["/proxy/6006/"][1]
    assert [upgrade(f"{server}{one}?token={secret}") for one in sockets] == [101, 101]
    assert "id_container" in told["/api/contents"][1]

    # A person without it sees a page to enter it, and nothing else.
    for url in (lab, board, f"{server}/tree"):
        browser.open(without_secret(url))
        browser.wait("#password_input")
        assert browser.title() == "Jupyter Server"
        browser.open(f"{without_secret(url)}?token=wrong")
        browser.wait("#password_input")
    browser.click("#password_input")
    browser.type("wrong", enter=True)
    browser.wait("body", "Invalid credentials")

    # Having used it once, the browser remembers, for TensorBoard as for JupyterLab.
    browser.open(lab)
    browser.wait(".jp-LauncherCard", "Notebook for SessionTUI")
    browser.open(without_secret(board))
    browser.wait("body", "No dashboards are active")
    cookie = {"Cookie": browser.cookies()}
    assert fetch(without_secret(board), headers=cookie)[0] == 200
    # Another site that the person visits cannot use that.
    assert [upgrade(f"{server}{one}", cookie) for one in sockets] == [101, 101]
    foreign = cookie | {"Origin": "http://elsewhere.example"}
    assert [upgrade(f"{server}{one}", foreign) for one in sockets] == [403, 403]
    # Jupyter says to such a page that there is nothing.
    assert fetch(f"{server}/api/kernels", method="POST", headers=foreign)[0] == 404


def test_another_user_of_the_host_reaches_nothing(
    sessiontui: SessionTui, launch: Callable[[str], str]
) -> None:
    name = launch("browser-closed")
    colleague = launch("browser-colleague")
    lab = url_of(sessiontui, name, "jupyterlab")
    url_of(sessiontui, name, "tensorboard")
    server, _, secret = lab.partition("/lab?token=")
    fetch(f"{server}/api/kernels", method="POST", headers={"Authorization": f"token {secret}"})
    ssh_port = json.loads(sessiontui("open", name, "ssh", "--json").stdout)["port"]
    address = sessiontui("shell", name, "--", "hostname", "-i").stdout.strip()
    sockets = sessiontui("shell", name, "--", "cat", "/proc/net/tcp", "/proc/net/tcp6").stdout
    # Second column the local address, in hex, fourth 0A for LISTEN (proc(5)).
    listening = re.findall(r"^ *\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A ", sockets, re.MULTILINE)
    served = {int(port, 16) for port in listening}
    # JupyterLab, SSH, TensorBoard, and the sockets of a kernel.
    assert {8888, 2200, 6006} < served

    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--"]
    from_host = [*nobody, "env", "-i", "HOME=/nonexistent", "PATH=/usr/bin:/bin"]
    from_colleague = ["shell", colleague, "--"]

    def run(*command: str, inside: bool = False) -> subprocess.CompletedProcess[str]:
        if inside:
            return sessiontui(*from_colleague, *command)
        return subprocess.run(
            [*from_host, *command],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip

    def answers(host: str, port: int | None, page: str = "/proxy/6006/", *, inside: bool = False) -> str:
        """Status of the answer; for a port where none listens, curl's word for that."""
        curl = ["curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}"]
        done = run(*curl, f"http://{host}:{port}{page}", inside=inside)
        return done.stdout if done.returncode == 0 else f"curl {done.returncode}"

    assert run("id", "-u").stdout == "65534\n"
    for inside in (False, True):
        reached = {port: answers(address, port, inside=inside) for port in served}
        # SSH speaks no HTTP (curl 1), and what listens inside only refuses (curl 7).
        expected = dict.fromkeys(served, "curl 7") | {8888: "302", 2200: "curl 1"}
        assert reached == expected
        assert answers(address, 8888, "/api/contents", inside=inside) == "403"
    assert answers("127.0.0.1", urlsplit(server).port) == "302"
    assert answers("127.0.0.1", urlsplit(server).port, "/api/contents") == "403"
    assert answers("127.0.0.1", 6006) == "curl 7"
    options = [
        f"-o{one}" for one in ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
    ]
    login = run("ssh", *options, "-p", str(ssh_port), "work@127.0.0.1", "id")
    assert (login.returncode, login.stdout) == (255, "")
    assert "Permission denied (publickey)" in login.stderr

    # What everybody sees of processes does not say it either.
    seen = run(
        "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    ).stdout
    assert "jupyter_server_config.py" in seen
    assert secret not in seen
