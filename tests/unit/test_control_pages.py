"""``docs/controls/`` is what the catalogue and its examples say."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_pages_of_the_controls_are_current() -> None:
    command = [sys.executable, str(REPOSITORY / "tools" / "control_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
