"""The commands of the documents, run in a fresh clone against the sandbox, so that they cannot rot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from tests.conformance.documents import blocks, script  # noqa: E402

RUN = sorted(path for path in (PROJECT / "docs").glob("*.md") if any(not block.reason for block in blocks(path)))

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_the_commands_of_a_document_work(path: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(clone)], check=True)
    (clone / ".venv").symlink_to(Path(sys.prefix))
    environment = {
        **os.environ,
        "PYTHONPATH": str(clone / "src"),
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    # `make` must not install anew what this interpreter has.
    (Path(sys.prefix) / ".installed").touch()
    done = subprocess.run(
        ["bash", "-c", script(path)], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
