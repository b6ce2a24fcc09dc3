"""The walk of a person, from the empty dashboard to a deleted session: real terminal, real engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import docker

from sessiontui.engine.docker import DockerEngine
from tests.e2e.terminal import Terminal
from tests.e2e.web import fetch, without_secret

SessionTui = Callable[..., subprocess.CompletedProcess[str]]


def shown_url(terminal: Terminal, page: str) -> str:
    """The URL that the apps dialog shows on one line."""
    return terminal.wait(rf"http://127\.0\.0\.1:\d+{re.escape(page)}\?token=\S+", 90)[0]


def test_the_walk(
    terminals: Callable[[str], Terminal], empty_engine: DockerEngine, home: Path, sessiontui: SessionTui
) -> None:
    client = docker.APIClient(version="auto")
    volumes_before = {one["Name"] for one in client.volumes()["Volumes"] or []}
    terminal = terminals("walk")

    # 1: it opens on Running, empty, with a hint how to start.
    terminal.start("sessiontui")
    terminal.wait("No session is running")
    terminal.wait(r"Running 0 +.*Sessions 0")
    terminal.wait("Press n or click START")

    # 2: the launch dialog; a folder is made from it; problems stand under their field.
    terminal.keys("n")
    terminal.wait(r"Name +[a-z]+-[a-z]+")
    terminal.wait("● ready")
    terminal.keys("Tab", "Tab")
    terminal.wait(r"█ *Name")
    terminal.type("x")
    terminal.wait(r"Name +x ")
    terminal.keys("C-l")
    terminal.wait("use 4 to 64 letters")
    terminal.keys("C-u")
    terminal.wait(r"Name +[a-z]+-[a-z]+ ")
    terminal.type("e2e-walk")
    terminal.wait(r"Name +e2e-walk ")
    terminal.wait_gone("use 4 to 64 letters")
    terminal.click("New folder…")
    terminal.wait("Create +Cancel")
    terminal.type("walkdata")
    terminal.keys("Enter")
    terminal.wait(r"\[x\] rw +walkdata")
    # A double press launches once.
    terminal.keys("C-l", "C-l")

    # 3 and 4: it appears in Running by itself, with figures, mounts and controls.
    terminal.wait(r"e2e-walk +Python \S+ +● running", 120)
    terminal.wait(r"e2e-walk .* 0\.\d/1 .*M/2G .*walkdata.*▤ ❯ ≡ ✕", 30)
    (session,) = empty_engine.sessions()
    assert session.name == "e2e-walk"

    # 5: apps start on demand and are told with their secret.
    terminal.keys("w")
    # The details behind the dialog name the apps, too.
    terminal.wait("JupyterLab .*stopped")
    terminal.wait("TensorBoard .*stopped")
    terminal.wait("SSH .*running")
    terminal.keys("Enter")
    lab = shown_url(terminal, "/lab")
    terminal.wait(r"ssh -N -L \d+:127\.0\.0\.1:\d+ tester@")
    terminal.wait("Copy the URL")
    assert fetch(lab)[0] == 200
    assert fetch(without_secret(lab))[0] in (302, 403)
    terminal.keys("Down", "Enter")
    tree = shown_url(terminal, "/tree")
    assert fetch(tree)[0] == 200
    assert fetch(without_secret(tree))[0] in (302, 403)
    terminal.keys("Down", "Down", "Down", "Down", "Enter")
    terminal.wait("TensorBoard: Log directory")
    terminal.keys("Enter")
    board = shown_url(terminal, "/proxy/6006/")
    status, body = fetch(board)
    assert status == 200
    assert "TensorBoard" in body
    assert fetch(without_secret(board))[0] in (302, 403)

    # 6: one kernel, of that name, that runs in the session's own Python.
    base, _, token = lab.partition("/lab?token=")
    specs = json.loads(fetch(f"{base}/api/kernelspecs?token={token}")[1])
    assert specs["default"] == "sessiontui"
    assert [one["spec"]["display_name"] for one in specs["kernelspecs"].values()] == [
        "Notebook for SessionTUI"
    ]
    ran = sessiontui("shell", "e2e-walk", "--", "python3", "-c", _RUN_IN_KERNEL)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["4", "/home/work"]

    # 7: the shell takes the dashboard's place and gives it back.
    terminal.keys("Escape")
    terminal.wait_gone("Apps of e2e-walk")
    terminal.keys("s")
    terminal.wait("work@e2e-walk", 60)
    terminal.type("clear; id -un; pwd; stty size; echo made in the shell > from-shell.txt; ls")
    terminal.keys("Enter")
    terminal.wait(r"^work$")
    terminal.wait(r"^/home/work$")
    rows, columns = map(int, terminal.wait(r"^(\d+) (\d+)$").groups())
    assert (rows, columns) in ((36, 120), (35, 120))  # tmux inside keeps a line for itself
    terminal.resize(100, 30)
    terminal.type("clear; stty size")
    terminal.keys("Enter")
    terminal.wait(r"^(30|29) 100$")

    # 8: one home for shell, Jupyter and SSH.
    listing = json.loads(fetch(f"{base}/api/contents?token={token}")[1])
    assert {"from-shell.txt", "walkdata", "id_container"} <= {one["name"] for one in listing["content"]}
    put = urllib.request.Request(
        f"{base}/api/contents/from-jupyter.txt?token={token}",
        data=json.dumps({"type": "file", "format": "text", "content": "made in Jupyter"}).encode(),
        method="PUT",
    )
    with urllib.request.urlopen(put, timeout=30) as answer:
        assert answer.status == 201
    terminal.type("clear; cat from-jupyter.txt; echo; echo kept > walkdata/kept.txt")
    terminal.keys("Enter")
    terminal.wait("made in Jupyter")
    terminal.type("exit")
    terminal.keys("Enter")
    terminal.wait(r"e2e-walk +Python \S+ +● running")
    endpoint = json.loads(sessiontui("open", "e2e-walk", "ssh", "--json").stdout)
    assert endpoint["url"] is None
    login = subprocess.run(
        [*endpoint["ssh_command"].split(), "id -un; pwd; cat from-shell.txt; echo $OMP_NUM_THREADS"],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert login.stdout.splitlines() == ["work", "/home/work", "made in the shell", "1"], login.stderr
    key = home / "id"
    key.write_bytes(empty_engine.read_file(session, "/home/work/id_container"))
    key.chmod(0o600)
    sftp = subprocess.run(
        ["sftp", "-q", "-b", "-", "-i", str(key), "-P", str(endpoint["port"]),
         "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={home}/known", "work@127.0.0.1"],
        input=f"get from-jupyter.txt {home}/got.txt\n", check=False, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert (home / "got.txt").read_text() == "made in Jupyter", sftp.stderr

    # 10: quitting and starting again shows the same: all is in the engine.
    terminal.keys("q")
    terminal.wait("ended with 0")
    terminal.wait(r"^icanon$")
    terminal.wait(r"^echo$")
    again = terminals("again")
    again.start("sessiontui")
    again.wait(r"e2e-walk +Python \S+ +● running")

    # 9: delete opens on Cancel and says what dies and what stays.
    again.keys("d")
    again.wait("Delete e2e-walk\\?")
    again.wait(r"its home /home/work")
    again.wait("from-jupyter.txt")
    again.wait("walkdata")
    again.keys("Enter")
    again.wait_gone("Delete e2e-walk\\?")
    assert empty_engine.sessions()
    again.keys("d")
    again.wait("Delete e2e-walk\\?")
    again.wait("from-jupyter.txt")
    again.keys("Right", "Right", "Enter")
    again.wait("No session is running", 60)
    assert not empty_engine.sessions()
    assert {one["Name"] for one in client.volumes()["Volumes"] or []} == volumes_before
    assert not client.containers(all=True, filters={"id": [session.container_id]})
    kept = home / "sessiontui" / "walkdata" / "kept.txt"
    assert kept.read_text() == "kept\n"
    assert kept.stat().st_uid == os.getuid()
    again.keys("q")
    again.wait("ended with 0")
    client.close()


_RUN_IN_KERNEL = """
import os, sys
sys.path[:0] = __import__("glob").glob("/opt/sessiontui/jupyter/lib/python3*/site-packages")
from jupyter_client.manager import start_new_kernel
os.environ["JUPYTER_PATH"] = "/opt/sessiontui/session/jupyter"
manager, client = start_new_kernel(kernel_name="sessiontui")
said = []
client.execute_interactive(
    "import os; print(2 + 2); print(os.getcwd())", timeout=60,
    output_hook=lambda message: said.append(message["content"].get("text", "")),
)
manager.shutdown_kernel(now=True)
print("".join(said))
"""
