"""A command that is told to end cleans up, and does so once."""

from __future__ import annotations

import signal
import subprocess
import sys

CODE = """
import os, signal
from sessiontui import cli
from sessiontui.cli import listing

def clean_up(arguments, settings):
    try:
        os.kill(os.getpid(), signal.SIGHUP)
    finally:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        print("cleaned up")

listing.ls = clean_up
cli.run(["ls"])
"""


def test_a_second_signal_does_not_cut_off_the_cleaning_up() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (128 + signal.SIGHUP, "cleaned up\n"), ended.stderr
