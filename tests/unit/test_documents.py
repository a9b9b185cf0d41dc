"""Documents: shell blocks parse, generated references are current."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from tests.conformance.documents import blocks  # noqa: E402

DOCUMENTS = sorted(path for path in (REPOSITORY / "docs").glob("*.md") if blocks(path))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_shell_blocks_parse(path: Path) -> None:
    for block in blocks(path):
        done = subprocess.run(["bash", "-n"], input=block.script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{path.name}:{block.line}: {done.stderr}"


def test_the_reference_pages_are_current() -> None:
    command = [sys.executable, str(REPOSITORY / "tools" / "reference_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
